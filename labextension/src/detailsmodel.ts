import type { Api } from './api';
import type { Dataset, Figure, FileEntry, Places, Row } from './documents';
import { asProblem, Problem } from './problem';
import { Store } from './store';

/** A part of the page, which comes or fails on its own. */
export type Part<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly problem: Problem };

export interface DetailsState {
  readonly dataset: Part<Dataset>;
  readonly files: Part<readonly FileEntry[]>;
  /** Comes after the files, and is left out where it can't be had. */
  readonly places: Part<Places>;
  readonly figures: Part<readonly Figure[]>;
  readonly results: Part<readonly Row[]>;
  /** Those of the inputs that the reader may see. */
  readonly inputs: Part<readonly Row[]>;
  /** Those of the datasets that this one names as related that the reader may see. */
  readonly related: Part<readonly Row[]>;
  readonly newer: Part<readonly Row[]>;
}

const LOADING = { state: 'loading' } as const;
const RETRY_RESULT_MS = [250, 1000, 3000];

/** One dataset's page. */
export class DetailsModel extends Store<DetailsState> {
  constructor(
    private readonly api: Api,
    readonly pid: string
  ) {
    super({
      dataset: LOADING,
      files: LOADING,
      places: LOADING,
      figures: LOADING,
      results: LOADING,
      inputs: LOADING,
      related: LOADING,
      newer: LOADING
    });
  }

  async load(): Promise<void> {
    const { api, pid } = this;
    this.set({ dataset: LOADING });
    const dataset = await this.part('dataset', () => api.dataset(pid));
    if (dataset.state !== 'ready') {
      return;
    }
    const { inputs, relations, type } = dataset.value;
    const named = (pids: readonly string[]) => (pids.length ? api.names(pids) : Promise.resolve([]));
    await Promise.all([
      this.loadFiles(),
      this.part('figures', () => api.figures(pid)),
      this.part('results', () => api.results(pid)),
      this.part('inputs', () => named(inputs)),
      this.part('related', () => named(relations.map(({ pid }) => pid))),
      // Only results are made again; a catalog may have to look through all it has for this.
      this.part('newer', () => (type === 'derived' ? api.newer(pid) : Promise.resolve([])))
    ]);
  }

  reload(part: 'files' | 'figures' | 'results'): void {
    const { api, pid } = this;
    switch (part) {
      case 'files':
        void this.loadFiles();
        break;
      case 'figures':
        void this.part(part, () => api.figures(pid));
        break;
      case 'results':
        void this.part(part, () => api.results(pid));
        break;
    }
  }

  private async loadFiles(): Promise<void> {
    const files = await this.part('files', () => this.api.files(this.pid));
    if (files.state === 'ready' && files.value.length) {
      await this.part('places', () => this.api.places(this.pid));
    }
  }

  /** A result of this dataset was sent: show it. A catalog whose index lags may need a moment before it lists it. */
  async expectResult(resultPid: string): Promise<void> {
    for (const pause of [0, ...RETRY_RESULT_MS]) {
      await new Promise(resolve => setTimeout(resolve, pause));
      const results = await this.part('results', () => this.api.results(this.pid), true);
      if (results.state === 'ready' && results.value.some(row => row.pid === resultPid)) {
        return;
      }
    }
  }

  /** Fill one part of the page; `quietly` keeps what is shown until the answer is here. */
  private async part<T>(key: keyof DetailsState, ask: () => Promise<T>, quietly = false): Promise<Part<T>> {
    if (!quietly) {
      this.set({ [key]: LOADING });
    }
    let part: Part<T>;
    try {
      part = { state: 'ready', value: await ask() };
    } catch (error) {
      part = { state: 'failed', problem: asProblem(error) };
    }
    if (!quietly || part.state === 'ready') {
      this.set({ [key]: part });
    }
    return part;
  }
}
