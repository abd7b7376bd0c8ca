import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, listIcon, notebookIcon, refreshIcon } from '@jupyterlab/ui-components';
import { catalogIcon } from './icon';
import type { AppModel } from './model';
import { NoPythonKernel, NotebookOpener } from './notebook';

export const CommandIDs = {
  showPanel: 'shinecat:show-panel',
  refresh: 'shinecat:refresh',
  showDataset: 'shinecat:show-dataset',
  openInNotebook: 'shinecat:open-in-notebook',
  copyPid: 'shinecat:copy-pid'
} as const;

const ROW = '.jp-Shinecat [data-pid]';

export interface Options {
  app: JupyterFrontEnd;
  model: AppModel;
  trans: TranslationBundle;
  palette: ICommandPalette | null;
  /** null where there are no notebooks. */
  opener: NotebookOpener | null;
  variable: () => string;
  showPanel: () => void;
}

export function addCommands({ app, model, trans, palette, opener, variable, showPanel }: Options): void {
  const { commands, contextMenu } = app;

  // From a caller's arguments, or from the row whose context menu is open.
  const pidOf = (args: { pid?: unknown }): string =>
    typeof args.pid === 'string' ? args.pid : (app.contextMenuHitTest(node => !!node.dataset.pid)?.dataset.pid ?? '');
  const pidArgs = {
    args: {
      type: 'object',
      properties: { pid: { type: 'string', description: trans.__('Persistent identifier of a dataset') } }
    }
  } as const;
  const noArgs = { args: { type: 'object', properties: {} } } as const;

  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show the catalog'),
    icon: catalogIcon,
    describedBy: noArgs,
    execute: showPanel
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh the catalog'),
    icon: refreshIcon,
    describedBy: noArgs,
    execute: () => model.reload()
  });
  commands.addCommand(CommandIDs.showDataset, {
    label: trans.__('Show details'),
    icon: listIcon,
    describedBy: pidArgs,
    execute: args => {
      const pid = pidOf(args);
      if (pid) {
        showPanel();
        model.open(pid);
      }
    }
  });
  commands.addCommand(CommandIDs.copyPid, {
    label: trans.__('Copy PID'),
    icon: copyIcon,
    describedBy: pidArgs,
    execute: args => {
      const pid = pidOf(args);
      if (pid) {
        Clipboard.copyToSystem(pid);
      }
    }
  });
  commands.addCommand(CommandIDs.openInNotebook, {
    label: trans.__('Open in notebook'),
    caption: trans.__('Add a cell to the notebook that opens this dataset, and run it'),
    icon: notebookIcon,
    describedBy: pidArgs,
    isVisible: () => opener !== null,
    execute: async args => {
      const pid = pidOf(args);
      if (!pid || !opener) {
        return;
      }
      try {
        await opener.open(pid, variable());
      } catch (error) {
        const why = error instanceof NoPythonKernel ? trans.__('No Python kernel is installed here.') : String(error);
        Notification.error(trans.__('The dataset could not be opened in a notebook. %1', why));
      }
    }
  });

  for (const command of [CommandIDs.showPanel, CommandIDs.refresh]) {
    palette?.addItem({ command, category: trans.__('Catalog') });
  }
  [CommandIDs.openInNotebook, CommandIDs.showDataset, CommandIDs.copyPid].forEach((command, rank) => {
    contextMenu.addItem({ command, selector: ROW, rank });
  });
}
