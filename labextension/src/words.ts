import type { TranslationBundle } from '@jupyterlab/translation';
import { VERSION_OF } from './documents';
import type { Problem } from './problem';

/** A problem as a sentence, in the reader's language; the server's own words where it has some. */
export function problemText(problem: Problem, trans: TranslationBundle): string {
  if (problem.message) {
    return problem.message;
  }
  switch (problem.kind) {
    case 'login':
      return trans.__('Your sign-in at the catalog has ended.');
    case 'network':
      return trans.__('Your Jupyter server does not answer. Check the connection, then try again.');
    case 'absent':
      return trans.__(
        'This Jupyter server does not know the catalog. Install jupyter-shinecat where the server runs, and start it again.'
      );
    case 'forbidden':
      return trans.__('The catalog does not let you see this.');
    case 'missing':
      return trans.__('The catalog does not know this dataset, or you may not see it.');
    case 'catalog':
      return trans.__('The catalog does not answer at the moment.');
    default:
      return problem.status
        ? trans.__('The request failed (HTTP %1).', problem.status)
        : trans.__('The request failed.');
  }
}

export function typeText(type: string, trans: TranslationBundle): string {
  switch (type) {
    case 'raw':
      return trans.__('raw');
    case 'derived':
      return trans.__('derived');
    default:
      return type;
  }
}

/** What one dataset says of another; a catalog's own word as it is. */
export function relationText(relation: string, trans: TranslationBundle): string {
  return relation === VERSION_OF ? trans.__('older version') : relation;
}

export function stateText(state: string, trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('waiting');
    case 'sending':
      return trans.__('sending');
    case 'failed':
      return trans.__('failed');
    default:
      return state;
  }
}

/** Whether a file is to be had on this machine, in a word or two. */
export function placeText(state: string | undefined, trans: TranslationBundle): string {
  switch (state) {
    case 'ok':
      return trans.__('yes');
    case 'remote':
      return trans.__('over the network');
    case 'missing':
      return trans.__('missing');
    case 'moved':
      return trans.__('moved');
    case 'truncated':
      return trans.__('incomplete');
    case 'changed':
      return trans.__('larger than catalogued');
    case 'unreadable':
      return trans.__('not readable for you');
    case 'unmapped':
      return trans.__('not mounted');
    default:
      return '';
  }
}
