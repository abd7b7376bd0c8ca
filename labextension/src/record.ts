import type { INotebookModel, INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { isDoc } from './documents';

/** Key in the metadata of the kernel's answers, and of cells. */
export const KEY = 'shinecat';
/** Beside it: what the kernel can't write to disk just now. */
const WAITING = 'shinecat_waiting';
/** More cells than anybody runs ahead; a request whose answer never comes must not be remembered for ever. */
const AT_MOST = 10_000;

/** What a cell read and wrote, as the kernel says it. */
export type Note = Readonly<Record<string, unknown>>;

/** Record that waits in the kernel's memory: lines, the folder that takes none, and why. */
export interface Waiting {
  readonly lines: number;
  readonly folder: string;
  readonly cause: string;
}

/** What of the record waits in memory, as an answer of the kernel says. */
export function waitingOf(message: Kernel.IAnyMessageArgs['msg']): Waiting | null {
  const said = message.metadata[WAITING];
  if (!isDoc(said)) {
    return null;
  }
  const { lines, folder, cause } = said;
  return typeof lines === 'number' && typeof folder === 'string' && typeof cause === 'string'
    ? { lines, folder, cause }
    : null;
}

/** Which cells wait for an answer of the kernel, and what it says of them. */
export class Answers {
  /** A request goes out. */
  asked(message: Kernel.IAnyMessageArgs['msg']): void {
    const cell = message.metadata.cellId;
    if (message.header.msg_type === 'execute_request' && typeof cell === 'string') {
      this._waiting.set(message.header.msg_id, cell);
      if (this._waiting.size > AT_MOST) {
        this._waiting.delete(this._waiting.keys().next().value ?? '');
      }
    }
  }

  /** An answer comes in: whose, and its note; null where no cell of ours waits for it. */
  answered(message: Kernel.IAnyMessageArgs['msg']): { cell: string; note: Note | null } | null {
    if (message.header.msg_type !== 'execute_reply') {
      return null;
    }
    const request = (message as KernelMessage.IExecuteReplyMsg).parent_header.msg_id;
    const cell = this._waiting.get(request);
    if (cell === undefined) {
      return null;
    }
    this._waiting.delete(request);
    const note = message.metadata[KEY];
    return { cell, note: isDoc(note) ? note : null };
  }

  private readonly _waiting = new Map<string, string>();
}

/**
 * Keeps in the metadata of each cell that ran what it read and wrote, as the kernel's record says. It is set together with
 * the cell's outputs, so it makes no document dirty that isn't, and it is no step that "undo" would take back.
 */
export class RecordKeeper {
  /** Whether notes are kept. What stands in a cell from an earlier run goes when it runs again, in any case. */
  keeps = true;

  constructor(
    tracker: INotebookTracker,
    private readonly warn: (panel: NotebookPanel, waiting: Waiting | null) => void
  ) {
    tracker.forEach(panel => this.follow(panel));
    tracker.widgetAdded.connect((_, panel) => this.follow(panel));
  }

  private follow(panel: NotebookPanel): void {
    const answers = new Answers();
    panel.sessionContext.kernelChanged.connect((_, { newValue }) => this.listen(newValue, panel, answers));
    this.listen(panel.sessionContext.session?.kernel ?? null, panel, answers);
  }

  private listen(kernel: Kernel.IKernelConnection | null, panel: NotebookPanel, answers: Answers): void {
    kernel?.anyMessage.connect((_, { msg, direction }) => {
      if (direction === 'send') {
        answers.asked(msg);
        return;
      }
      const answer = answers.answered(msg);
      if (answer && !panel.isDisposed) {
        write(panel.model, answer.cell, this.keeps ? answer.note : null);
        this.warn(panel, waitingOf(msg));
      }
    });
  }
}

function write(model: INotebookModel | null, id: string, note: Note | null): void {
  for (const cell of model?.cells ?? []) {
    if (cell.id === id) {
      if (note) {
        cell.setMetadata(KEY, note);
      } else {
        cell.deleteMetadata(KEY);
      }
      return;
    }
  }
}
