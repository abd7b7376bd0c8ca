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
      // JupyterLab shows 140 signs: what to do comes first.
      const text = this.trans.__(
        'Please make room on the disk: the record of %1 waits in the kernel’s memory until it can be saved (%2, %3).',
        panel.title.label,
        waiting.cause,
        waiting.folder
      );
      this._shown.set(panel.id, Notification.warning(text, { autoClose: false }));
    } else if (!waiting && shown !== undefined) {
      Notification.dismiss(shown);
      this._shown.delete(panel.id);
    }
  }

  private readonly _shown = new Map<string, string>();
}
