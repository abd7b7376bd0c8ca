import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ServerApi } from './api';
import { addCommands, CommandIDs } from './commands';
import { AppModel } from './model';
import { News, NewsLevel, OUTBOX_EVENTS } from './news';
import { NotebookOpener } from './notebook';
import { CatalogPanel } from './panel';
import { RecordKeeper } from './record';
import { asEntry } from './reports';
import { WaitingNotices } from './waiting';

const PLUGIN_ID = 'jupyter-shinecat:plugin';
const PANEL_ID = 'jupyter-shinecat-panel';

/** Where to sign in again: the hub's own page, or none where there is no hub. */
function signInUrl(): string | null {
  const prefix = PageConfig.getOption('hubPrefix');
  return prefix ? `${PageConfig.getOption('hubHost')}${prefix}logout` : null;
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'The SciCat catalog: find datasets, open them in notebooks, see what was derived from them.',
  autoStart: true,
  optional: [ITranslator, ILayoutRestorer, ILabShell, INotebookTracker, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    tracker: INotebookTracker | null,
    settingRegistry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_shinecat');
    const model = new AppModel(new ServerApi(app.serviceManager.serverSettings));
    const panel = new CatalogPanel({ model, trans, commands: app.commands, signInUrl: signInUrl() });
    panel.id = PANEL_ID;
    app.shell.add(panel, 'left', { rank: 250, type: 'Catalog' });
    restorer?.add(panel, PANEL_ID);

    let variable = 'ds';
    addCommands({
      app,
      model,
      trans,
      palette,
      opener: tracker && new NotebookOpener(app, tracker),
      variable: () => variable,
      showPanel: () => {
        labShell?.expandLeft();
        app.shell.activateById(PANEL_ID);
      }
    });

    const news = new News(trans, {
      show: pid => void app.commands.execute(CommandIDs.showDataset, { pid }),
      retry: key => void model.retry(key).catch(() => model.loadOutbox())
    });
    app.serviceManager.events.stream.connect((_, event) => {
      if (event.schema_id === OUTBOX_EVENTS) {
        const entry = asEntry(event);
        model.changed(entry);
        news.tell(entry);
      }
    });

    void settingRegistry
      ?.load(PLUGIN_ID)
      .then(settings => {
        const apply = () => {
          variable = settings.get('variable').composite as string;
          news.level = settings.get('news').composite as NewsLevel;
        };
        settings.changed.connect(apply);
        apply();
      })
      .catch((error: unknown) => console.warn('jupyter-shinecat: the settings could not be loaded', error));
  }
};

const record: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-shinecat:record',
  description: 'Keeps what each cell read and wrote in the metadata of the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ISettingRegistry],
  activate: (
    _: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    settingRegistry: ISettingRegistry | null
  ) => {
    const notices = new WaitingNotices((translator ?? nullTranslator).load('jupyter_shinecat'));
    const keeper = new RecordKeeper(tracker, (panel, waiting) => notices.tell(panel, waiting));
    void settingRegistry
      ?.load(PLUGIN_ID)
      .then(settings => {
        const apply = () => {
          keeper.keeps = settings.get('record').composite !== false;
        };
        settings.changed.connect(apply);
        apply();
      })
      .catch((error: unknown) => console.warn('jupyter-shinecat: the settings could not be loaded', error));
  }
};

export default [plugin, record];
