import type { Kernel } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';
import { Answers, waitingOf } from '../src/record';

type Message = Kernel.IAnyMessageArgs['msg'];

function request(id: string, cellId?: string, type = 'execute_request'): Message {
  return { header: { msg_id: id, msg_type: type }, metadata: cellId ? { cellId } : {} } as unknown as Message;
}

function reply(to: string, metadata: object = {}, type = 'execute_reply'): Message {
  return { header: { msg_id: 'r', msg_type: type }, parent_header: { msg_id: to }, metadata } as unknown as Message;
}

describe('answers of a kernel', () => {
  it('belong to the cell that asked, once', () => {
    const answers = new Answers();
    answers.asked(request('1', 'a'));
    answers.asked(request('2', 'b'));
    const note = { wrote: [{ file: '/r.h5', by: 'h5py' }] };
    expect(answers.answered(reply('2', { shinecat: note }))).toEqual({ cell: 'b', note });
    expect(answers.answered(reply('1'))).toEqual({ cell: 'a', note: null });
    expect(answers.answered(reply('1'))).toBeNull();
  });

  it('of others, of no cell, or of another kind are passed over', () => {
    const answers = new Answers();
    answers.asked(request('1'));
    answers.asked(request('2', 'b', 'inspect_request'));
    answers.asked(request('3', 'c'));
    expect(answers.answered(reply('1', { shinecat: {} }))).toBeNull();
    expect(answers.answered(reply('2', { shinecat: {} }))).toBeNull();
    expect(answers.answered(reply('3', {}, 'inspect_reply'))).toBeNull();
    expect(answers.answered(reply('3', { shinecat: 'text' }))).toEqual({ cell: 'c', note: null });
  });
});

describe('what waits in the memory of a kernel', () => {
  it('is read from the answer, and is nothing where nothing is said', () => {
    const waiting = { lines: 3, folder: '/home/z/spool', cause: 'No space left on device' };
    expect(waitingOf(reply('1', { shinecat_waiting: waiting }))).toEqual(waiting);
    expect(waitingOf(reply('1', { shinecat: {} }))).toBeNull();
    expect(waitingOf(reply('1', { shinecat_waiting: 'much' }))).toBeNull();
  });
});
