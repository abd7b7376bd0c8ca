import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { OutboxEntry } from './reports';

export const OUTBOX_EVENTS = 'https://jupyter-shinecat.readthedocs.io/events/outbox/v1';

const SUCCESS_SHOWN_MS = 10000;

export interface NewsActions {
  show(pid: string): void;
  retry(key: string): void;
}

export type NewsLevel = 'all' | 'failures' | 'none';

/** Tells of results that reached the catalog, or could not: one notification per result, updated as it goes on. */
export class News {
  level: NewsLevel = 'all';

  constructor(
    private readonly trans: TranslationBundle,
    private readonly actions: NewsActions
  ) {}

  tell(entry: OutboxEntry): void {
    const { trans, actions } = this;
    switch (entry.state) {
      case 'sent': {
        this.dismiss(entry.key);
        if (this.level === 'all') {
          const id = Notification.success(trans.__('Result %1 is in the catalog.', entry.name), {
            autoClose: SUCCESS_SHOWN_MS,
            actions: [{ label: trans.__('Show'), displayType: 'accent', callback: () => actions.show(entry.pid) }]
          });
          this._shown.set(entry.key, id);
        }
        break;
      }
      case 'failed': {
        this.dismiss(entry.key);
        if (this.level !== 'none') {
          const why = [entry.reason, entry.advice].filter(Boolean).join(' ');
          const text = trans.__('Result %1 is not in the catalog yet. %2', entry.name, why);
          const id = Notification.error(text, {
            autoClose: false,
            actions: [{ label: trans.__('Retry'), displayType: 'accent', callback: () => actions.retry(entry.key) }]
          });
          this._shown.set(entry.key, id);
        }
        break;
      }
      case 'withdrawn':
        this.dismiss(entry.key);
        break;
    }
  }

  private dismiss(key: string): void {
    const id = this._shown.get(key);
    if (id !== undefined) {
      Notification.dismiss(id);
      this._shown.delete(key);
    }
  }

  private readonly _shown = new Map<string, string>();
}
