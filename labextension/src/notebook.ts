import type { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelSpec } from '@jupyterlab/services';
import { bothNames, Names, namesExpression, namesOfKernel, namesOfNotebook, openCode } from './python';

/** A kernel that computes can't answer; then the notebook's text alone decides which names are free. */
const KERNEL_ANSWER_MS = 3000;

export class NoPythonKernel extends Error {}

/** Puts cells that open datasets into notebooks. */
export class NotebookOpener {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly tracker: INotebookTracker
  ) {}

  /**
   * Add a cell that opens `pid` under a free variable name, below the active cell of the current notebook, and run it.
   * A new notebook is made where there is none, or where the current one is not a Python one.
   *
   * @throws {@link NoPythonKernel} when no Python kernel is installed.
   */
  open(pid: string, variable: string): Promise<void> {
    // One after another: two at the same time would find the same name free.
    const opened = this._last.catch(() => undefined).then(() => this.openNow(pid, variable));
    this._last = opened;
    return opened;
  }

  private async openNow(pid: string, variable: string): Promise<void> {
    const panel = (await this.current()) ?? (await this.create());
    const kernel = await readyKernel(panel);
    this.app.shell.activateById(panel.id);
    const notebook = panel.content;
    const sources = Array.from(panel.model?.cells ?? [], cell => (cell.type === 'code' ? cell.sharedModel.source : ''));
    let names = namesOfNotebook(sources);
    const known = kernel && (await kernelNames(kernel, variable));
    if (known) {
      names = bothNames(names, known);
    }
    const active = notebook.activeCell?.model;
    if (active?.type !== 'code' || active.sharedModel.source.trim()) {
      notebook.deselectAll();
      NotebookActions.insertBelow(notebook);
    }
    const model = notebook.activeCell?.model;
    if (model?.type !== 'code') {
      NotebookActions.changeCellType(notebook, 'code');
    }
    notebook.activeCell?.model.sharedModel.setSource(openCode(pid, names, variable));
    await NotebookActions.run(notebook, panel.sessionContext);
  }

  /** The current notebook, when its kernel speaks Python. */
  private async current(): Promise<NotebookPanel | null> {
    const panel = this.tracker.currentWidget;
    if (!panel || panel.isDisposed) {
      return null;
    }
    await panel.context.ready;
    await panel.sessionContext.ready;
    const kernel = panel.sessionContext.session?.kernel;
    if (kernel) {
      return (await kernel.info).language_info.name === 'python' ? panel : null;
    }
    return panel.model?.defaultKernelLanguage === 'python' ? panel : null;
  }

  private async create(): Promise<NotebookPanel> {
    const { kernelspecs } = this.app.serviceManager;
    await kernelspecs.ready;
    const kernelName = pythonKernel(kernelspecs.specs);
    if (!kernelName) {
      throw new NoPythonKernel();
    }
    const panel: unknown = await this.app.commands.execute('notebook:create-new', { kernelName });
    if (!(panel instanceof NotebookPanel)) {
      throw new Error('notebook:create-new gave no notebook');
    }
    await panel.context.ready;
    await panel.revealed;
    return panel;
  }

  private _last: Promise<void> = Promise.resolve();
}

/** The panel's kernel once it answers; started anew where the person had shut it down. */
async function readyKernel(panel: NotebookPanel): Promise<Kernel.IKernelConnection | null> {
  const { sessionContext } = panel;
  await sessionContext.ready;
  if (!sessionContext.session?.kernel) {
    await sessionContext.changeKernel({ name: panel.model?.defaultKernelName || 'python3' });
  }
  const kernel = sessionContext.session?.kernel ?? null;
  await kernel?.info;
  return kernel;
}

/** What the kernel says about names; null when it is busy or does not answer. */
async function kernelNames(kernel: Kernel.IKernelConnection, variable: string): Promise<Names | null> {
  if (kernel.status === 'busy') {
    return null;
  }
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    user_expressions: { shinecat: namesExpression(variable) }
  });
  const late = new Promise<null>(resolve => setTimeout(() => resolve(null), KERNEL_ANSWER_MS));
  const reply = await Promise.race([future.done, late]);
  if (!reply || reply.content.status !== 'ok') {
    return null;
  }
  const answer = reply.content.user_expressions.shinecat as { data?: Record<string, unknown> } | undefined;
  const text = answer?.data?.['text/plain'];
  return typeof text === 'string' ? namesOfKernel(text) : null;
}

/** The default kernel if it speaks Python, else `python3`, else any that does. */
export function pythonKernel(specs: KernelSpec.ISpecModels | null): string | null {
  const python = Object.values(specs?.kernelspecs ?? {}).filter(spec => spec?.language === 'python');
  const names = python.map(spec => spec?.name ?? '');
  return [specs?.default ?? '', 'python3', ...names].find(name => names.includes(name)) ?? null;
}
