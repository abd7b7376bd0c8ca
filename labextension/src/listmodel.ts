import type { Api } from './api';
import type { Facets, Row } from './documents';
import { asProblem, Problem } from './problem';
import { atItsPlace, EVERYTHING, Query } from './query';
import { Store } from './store';

export const PAGE_ROWS = 50;
const TYPING_PAUSE_MS = 300;

/** The rows of one page, or that it is on its way, or why it did not come. */
export type Page = readonly Row[] | 'loading' | Problem;

export interface ListState {
  readonly query: Query;
  /** Pages by number; only those that were looked at are here. */
  readonly pages: ReadonlyMap<number, Page>;
  /** How many rows there are, as far as it is known. */
  readonly rows: number;
  readonly facets: Facets;
  /** `new` until the first answer; while a later query is `loading`, the old rows stay. */
  readonly phase: 'new' | 'loading' | 'ready' | 'failed';
  readonly problem: Problem | null;
  /** Rises with each new query, so that the view returns to the top. */
  readonly generation: number;
}

/** Signs of our query language: `type:raw`, a comparison, or the word that begins conditions. */
const SPEAKING = /[<>=≤≥]|(^|\s)where(\s|$)|(^|\s)[a-z]+:\S/i;

const NO_FACETS: Facets = { total: null, types: [], groups: [] };

/** The list of datasets: one query, its counts, and its pages as they are looked at, to any depth. */
export class ListModel extends Store<ListState> {
  /** Where the reader was; kept while a dataset's page is shown in its place. */
  scrollOffset = 0;
  activeIndex = 0;
  focusOnReturn = false;

  constructor(private readonly api: Api) {
    super({
      query: EVERYTHING,
      pages: new Map(),
      rows: 0,
      facets: NO_FACETS,
      phase: 'new',
      problem: null,
      generation: 0
    });
  }

  /** Take over what was typed; the search starts when typing pauses, or with {@link submit}. */
  type(text: string): void {
    this.set({ query: { ...this.state.query, text } });
    clearTimeout(this._pause);
    this._pause = setTimeout(() => void this.submit(), TYPING_PAUSE_MS);
  }

  narrow(change: Partial<Query>): Promise<void> {
    this.set({ query: { ...this.state.query, ...change } });
    return this.submit();
  }

  /** Ask anew, from the top. */
  submit(): Promise<void> {
    this.scrollOffset = 0;
    this.activeIndex = 0;
    return this.load(0, true);
  }

  /** Ask again for what is shown, where it is shown: something changed in the catalog. */
  refresh(): Promise<void> {
    return this.load(this._lastNeeded, false);
  }

  row(index: number): Row | 'loading' | Problem | undefined {
    const page = this.state.pages.get(Math.floor(index / PAGE_ROWS));
    return Array.isArray(page) ? (page as readonly Row[])[index % PAGE_ROWS] : (page as 'loading' | Problem | undefined);
  }

  /** The rows `first` to `last` are looked at: fetch the pages that are not here yet. */
  need(first: number, last: number): void {
    this._lastNeeded = Math.max(0, Math.floor(first / PAGE_ROWS));
    if (this.state.phase !== 'ready') {
      return;
    }
    for (let page = this._lastNeeded; page <= Math.floor(last / PAGE_ROWS); page += 1) {
      if (!this.state.pages.has(page)) {
        void this.fetchPage(page);
      }
    }
  }

  retryPage(page: number): void {
    void this.fetchPage(page);
  }

  private async load(page: number, fromTop: boolean): Promise<void> {
    clearTimeout(this._pause);
    this._running?.abort();
    const running = new AbortController();
    this._running = running;
    const phase = this.state.phase === 'ready' || this.state.phase === 'loading' ? 'loading' : 'new';
    this.set({ phase, problem: null });
    try {
      const query = await this.read(running.signal);
      if (this._running !== running) {
        return;
      }
      // Without counts the list still works; without rows there is no list.
      const counting = this.api.facets(query, running.signal).catch(() => NO_FACETS);
      const rows = await this.api.search(query, page * PAGE_ROWS, PAGE_ROWS, running.signal);
      const facets = await counting;
      if (this._running !== running) {
        return;
      }
      this.set({
        phase: 'ready',
        facets,
        pages: new Map([[page, rows]]),
        rows: rowsKnown(facets.total, page, rows.length),
        generation: this.state.generation + (fromTop ? 1 : 0)
      });
    } catch (error) {
      if (this._running === running) {
        this.set({ phase: 'failed', problem: atItsPlace(asProblem(error), this._asked), pages: new Map(), rows: 0 });
      }
    }
  }

  /** The query with what our server reads in its text; plain words need no reading. */
  private async read(signal: AbortSignal): Promise<Query> {
    const { text, type, group } = this.state.query;
    const asked: Query = { text, type, group };
    this._asked = SPEAKING.test(text) ? { ...asked, parsed: await this.api.parse(text, signal) } : asked;
    return this._asked;
  }

  private async fetchPage(page: number): Promise<void> {
    const running = this._running;
    const query = this._asked;
    this.put(page, 'loading');
    try {
      const rows = await this.api.search(query, page * PAGE_ROWS, PAGE_ROWS, running?.signal);
      if (this._running === running) {
        this.put(page, rows);
        // Where the count was wrong, or unknown, what came is right.
        const known = rowsKnown(this.state.facets.total, page, rows.length);
        if (rows.length < PAGE_ROWS || known > this.state.rows) {
          this.set({ rows: known });
        }
      }
    } catch (error) {
      if (this._running === running) {
        this.put(page, asProblem(error));
      }
    }
  }

  private put(page: number, content: Page): void {
    this.set({ pages: new Map(this.state.pages).set(page, content) });
  }

  private _pause: ReturnType<typeof setTimeout> | undefined;
  private _running: AbortController | null = null;
  private _lastNeeded = 0;
  private _asked: Query = EVERYTHING;
}

/** The number of rows after `got` rows of `page` came: a short page is the last one, after a full one there may be more. */
export function rowsKnown(total: number | null, page: number, got: number): number {
  const seen = page * PAGE_ROWS + got;
  if (got < PAGE_ROWS && (got > 0 || page === 0)) {
    return seen;
  }
  if (got === 0) {
    return Math.min(total ?? seen, seen);
  }
  return Math.max(total ?? seen + 1, seen);
}
