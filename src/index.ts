import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { commandsPlugin } from './lab/plugins/commands.js';
import { panelPlugin } from './lab/plugins/panel.js';
import { rendererPlugin } from './lab/plugins/renderer.js';
import { statusPlugin } from './lab/plugins/status.js';
import { storePlugin } from './lab/plugins/store.js';
import { widgetPlugin } from './lab/plugins/widget.js';

export * from './lab/tokens.js';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  storePlugin,
  commandsPlugin,
  panelPlugin,
  statusPlugin,
  rendererPlugin,
  widgetPlugin
];

export default plugins;
