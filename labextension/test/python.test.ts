import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bothNames, freeName, namesExpression, namesOfKernel, namesOfNotebook, openCode, pythonString } from '../src/python';

/** Asks the real Python, which is on every machine where this package is built. */
function python(code: string): string {
  return execFileSync('python3', ['-c', code], { encoding: 'utf8', env: { ...process.env, PYTHONIOENCODING: 'utf-8' } });
}

const ODD_PIDS = [
  '20.500.1/ä b%2F+#?',
  `both ' and "`,
  'back\\slash\\',
  'line\nfeed\r\nand\ttab',
  '中文 🐈 \u2028 \u202e \u0085 \u007f \u0000',
  '"""); import os; os.system("x") #',
  '{braces} %s ${dollar}'
];

describe('pythonString', () => {
  it.each(ODD_PIDS)('is read by Python as the same text: %j', pid => {
    const codes = python(`print([ord(c) for c in ${pythonString(pid)}])`);
    expect(JSON.parse(codes)).toEqual(Array.from(pid, char => char.codePointAt(0)));
  });

  it('keeps the cell on one line and free of characters that hide or turn text', () => {
    // eslint-disable-next-line no-control-regex
    expect(pythonString(ODD_PIDS.join(''))).not.toMatch(/[\u0000-\u001f\u007f\u0085\u2028\u202e]/);
  });
});

describe('freeName', () => {
  it('counts up past what is taken', () => {
    expect(freeName('ds', new Set())).toBe('ds');
    expect(freeName('ds', new Set(['ds', 'ds_2']))).toBe('ds_3');
  });
});

describe('openCode', () => {
  const open = (...cells: string[]) => openCode('p/1', namesOfNotebook(cells));

  it('is the short form in an empty notebook', () => {
    expect(open()).toBe('import jupyter_shinecat as sc\nds = sc.open("p/1")\nds');
  });

  it('takes another name where a cell uses ours, run or not', () => {
    expect(open('ds = 5', 'for ds_2 in x: pass')).toMatch(/^ds_3 = /m);
    expect(open('address = 1  # ds2')).toMatch(/^ds = /m);
  });

  it('leaves sc alone where it means something else', () => {
    expect(open('import scipp as sc')).toBe('import jupyter_shinecat\nds = jupyter_shinecat.open("p/1")\nds');
    expect(open('import jupyter_shinecat as sc\nds = sc.open("x")')).toContain('ds_2 = sc.open("p/1")');
  });

  it('joins what the notebook and the kernel say', () => {
    const names = bothNames(namesOfNotebook(['ds = 1']), namesOfKernel("'ds_2 sc:other'"));
    expect(openCode('p', names)).toBe('import jupyter_shinecat\nds_3 = jupyter_shinecat.open("p")\nds_3');
  });

  it('asks the kernel for its names in Python that runs', () => {
    const ask = (setup: string) => python(`${setup}\nprint(repr(eval(${pythonString(namesExpression())}, globals())))`);
    expect(ask('').trim()).toBe("''");
    expect(namesOfKernel(ask('ds = 1; ds_2 = 2; sc = None'))).toEqual({
      taken: new Set(['ds', 'ds_2', 'sc', 'other']),
      scIsFree: false
    });
  });
});
