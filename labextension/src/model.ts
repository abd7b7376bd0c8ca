import type { Api } from './api';
import { DetailsModel } from './detailsmodel';
import { ListModel } from './listmodel';
import { asProblem, Problem } from './problem';
import type { OutboxEntry, Status } from './reports';
import { Store } from './store';

export interface AppState {
  readonly status: Status | null;
  /** Results that are not in the catalog yet. */
  readonly pending: readonly OutboxEntry[];
  readonly outboxProblem: Problem | null;
  /** The datasets that were followed, last one shown; empty: the list. */
  readonly trail: readonly DetailsModel[];
}

const DONE = ['sent', 'withdrawn'];

/** All that the panel shows. */
export class AppModel extends Store<AppState> {
  readonly list: ListModel;

  constructor(readonly api: Api) {
    super({ status: null, pending: [], outboxProblem: null, trail: [] });
    this.list = new ListModel(api);
    let failed = false;
    this.list.subscribe(() => {
      const { phase } = this.list.state;
      // The status line shall not tell another story than the list.
      if ((phase === 'failed' && !failed) || (phase === 'ready' && failed)) {
        failed = !failed;
        void this.loadStatus();
      }
    });
  }

  /** Fetch for the first time; later calls do nothing. */
  start(): void {
    if (!this._started) {
      this._started = true;
      this.reload();
    }
  }

  reload(): void {
    void this.list.refresh();
    void this.loadStatus();
    void this.loadOutbox();
  }

  open(pid: string): void {
    if (this.state.trail.at(-1)?.pid === pid) {
      return;
    }
    const details = new DetailsModel(this.api, pid);
    this.set({ trail: [...this.state.trail, details] });
    void details.load();
  }

  back(): void {
    this.list.focusOnReturn = this.state.trail.length === 1;
    this.set({ trail: this.state.trail.slice(0, -1) });
  }

  async loadStatus(): Promise<void> {
    try {
      this.set({ status: await this.api.status() });
    } catch {
      // The list tells what is wrong; the status line is only an addition.
      this.set({ status: null });
    }
  }

  async loadOutbox(): Promise<void> {
    try {
      this.take(await this.api.outbox());
      this.set({ outboxProblem: null });
    } catch (error) {
      this.set({ outboxProblem: asProblem(error) });
    }
  }

  async retry(key: string | null): Promise<void> {
    await this.api.retry(key);
    await this.loadOutbox();
  }

  async withdraw(key: string): Promise<void> {
    await this.api.withdraw(key);
    await this.loadOutbox();
  }

  async release(key: string, group?: string): Promise<void> {
    await this.api.release(key, group);
    await this.loadOutbox();
  }

  /** An entry of the outbox changed. */
  changed(entry: OutboxEntry): void {
    this.take([...this.state.pending.filter(other => other.key !== entry.key), entry]);
    if (entry.state !== 'sent' || !this._started) {
      return;
    }
    void this.list.refresh();
    for (const details of this.state.trail) {
      if (entry.inputs.includes(details.pid)) {
        void details.expectResult(entry.pid);
      }
    }
  }

  private take(entries: readonly OutboxEntry[]): void {
    this.set({ pending: entries.filter(entry => !DONE.includes(entry.state)) });
  }

  private _started = false;
}
