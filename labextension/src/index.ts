import { JupyterFrontEndPlugin } from '@jupyterlab/application';
const plugin: JupyterFrontEndPlugin<void> = { id: 'jupyter-shinecat:plugin', autoStart: true, activate: () => undefined };
export default plugin;
