import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Waiting } from './record';

/** Says once for each notebook that its record can't be written to disk, and takes that back when it can. */
export class WaitingNotices {
  constructor(private readonly trans: TranslationBundle) {}

  tell(panel: NotebookPanel, waiting: Waiting | null): void {
    const shown = this._shown.get(panel.id);
    if (waiting && shown === undefined) {
      const text = this.trans.__(
        'The record of %1 can’t be written to %2 (%3). It waits in the kernel’s memory: make room before the kernel ends, it goes on by itself.',
        panel.title.label,
        waiting.folder,
        waiting.cause
      );
      this._shown.set(panel.id, Notification.warning(text, { autoClose: false }));
    } else if (!waiting && shown !== undefined) {
      Notification.dismiss(shown);
      this._shown.delete(panel.id);
    }
  }

  private readonly _shown = new Map<string, string>();
}
