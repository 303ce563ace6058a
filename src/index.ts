import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { commandsPlugin } from './lab/plugins/commandsPlugin.js';
import { dashboardPlugin } from './lab/plugins/dashboardPlugin.js';
import { notificationsPlugin } from './lab/plugins/notificationsPlugin.js';
import { panelPlugin } from './lab/plugins/panelPlugin.js';
import { rendererPlugin } from './lab/plugins/rendererPlugin.js';
import { ownSectionPlugins, sectionsPlugin } from './lab/plugins/sectionsPlugin.js';
import { serverSessionsPlugin } from './lab/plugins/serverSessionsPlugin.js';
import { statusPlugin } from './lab/plugins/statusPlugin.js';
import { storePlugin } from './lab/plugins/storePlugin.js';
import { widgetPlugin } from './lab/plugins/widgetPlugin.js';

export * from './lab/session/tokens.js';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  serverSessionsPlugin,
  storePlugin,
  commandsPlugin,
  panelPlugin,
  dashboardPlugin,
  sectionsPlugin,
  ...ownSectionPlugins,
  statusPlugin,
  notificationsPlugin,
  rendererPlugin,
  widgetPlugin
];

export default plugins;
