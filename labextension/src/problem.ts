import { isDoc } from './documents';

/** Why a request failed, as far as it changes what a person can do about it. */
export interface Problem {
  readonly kind: 'network' | 'absent' | 'login' | 'forbidden' | 'missing' | 'catalog' | 'other';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The server's own sentence, with what to do; or ''. */
  readonly message: string;
  /** Where in the text of the search box it lies, counted from 0. */
  readonly position?: number;
}

export class RequestFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message || `${problem.kind} (${problem.status})`);
    this.name = 'RequestFailed';
  }
}

/** The problem that an answer of `status` with `body` (SciCat's error shape, or not) means. */
export function problemOf(status: number, body: string): Problem {
  let doc: Readonly<Record<string, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    doc = isDoc(parsed) ? parsed : {};
  } catch {
    // A proxy in between answers with a page of its own: nothing in it is for our reader.
  }
  const message = Array.isArray(doc.message) ? doc.message.join('; ') : doc.message;
  // What our own server writes is written for people; the catalog's "Unauthenticated" is not.
  const ours = 'what' in doc;
  return {
    kind: doc.error === 'login_required' || status === 401 ? 'login' : kindOf(status),
    status,
    message: typeof message === 'string' && (ours || status === 400 || status >= 500) ? message : '',
    ...(typeof doc.position === 'number' ? { position: doc.position } : {})
  };
}

function kindOf(status: number): Problem['kind'] {
  switch (status) {
    case 403:
      return 'forbidden';
    case 404:
      return 'missing';
    case 502:
    case 503:
    case 504:
      return 'catalog';
    default:
      return 'other';
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof RequestFailed) {
    return error.problem;
  }
  return { kind: 'other', status: 0, message: error instanceof Error ? error.message : String(error) };
}
