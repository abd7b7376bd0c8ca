/** The code that "Open in notebook" writes. */

// Beside what JSON escapes: invisible and direction-changing characters, which would make the cell read otherwise than it runs.
const INVISIBLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** `text` as a Python string literal. Every escape that JSON uses means the same in Python. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(INVISIBLE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The names that stand anywhere in `code`, as Python would read them; strings and comments count too, to be careful. */
export function namesIn(code: string): Set<string> {
  return new Set(code.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []);
}

/** `base`, or `base_2`, `base_3`, ...: the first that is not taken. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  for (let n = 2, name = base; ; n += 1) {
    if (!taken.has(name)) {
      return name;
    }
    name = `${base}_${n}`;
  }
}

/** What a kernel and a notebook say about names. */
export interface Names {
  readonly taken: ReadonlySet<string>;
  /** `sc` means our package here, or nothing yet. Others use the name too, `import scipp as sc` for one. */
  readonly scIsFree: boolean;
}

const OUR_IMPORT = /^[ \t]*import[ \t]+jupyter_shinecat[ \t]+as[ \t]+sc[ \t]*$/m;

export function namesOfNotebook(sources: readonly string[]): Names {
  const code = sources.join('\n');
  const taken = namesIn(code);
  return { taken, scIsFree: OUR_IMPORT.test(code) || !taken.has('sc') };
}

/** The cell that opens `pid` in a variable. */
export function openCode(pid: string, names: Names, base = 'ds'): string {
  const name = freeName(base, names.taken);
  const [statement, module] = names.scIsFree
    ? ['import jupyter_shinecat as sc', 'sc']
    : ['import jupyter_shinecat', 'jupyter_shinecat'];
  return `${statement}\n${name} = ${module}.open(${pythonString(pid)})\n${name}`;
}

/** The expression that asks a kernel for its names; its answer is for {@link namesOfKernel}. */
export function namesExpression(base = 'ds'): string {
  return (
    `" ".join([n for n in globals() if n.startswith(${pythonString(base)})] + ` +
    `(["sc:other"] if "sc" in globals() and getattr(sc, "__name__", "") != "jupyter_shinecat" else []))`
  );
}

export function namesOfKernel(answer: string): Names {
  return { taken: namesIn(answer), scIsFree: !answer.includes('sc:other') };
}

export function bothNames(one: Names, other: Names): Names {
  return { taken: new Set([...one.taken, ...other.taken]), scIsFree: one.scIsFree && other.scIsFree };
}
