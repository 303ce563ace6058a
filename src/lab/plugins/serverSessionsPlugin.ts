import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ServerSessions } from '../session/serverSessions.js';
import { ISessions } from '../session/tokens.js';

/** Provides the sessions that the Jupyter server knows of. */
export const serverSessionsPlugin: JupyterFrontEndPlugin<ISessions> = {
  id: 'jupyterlab-saturn:server-sessions',
  description: 'Lists the %saturn sessions of the Jupyter server, and reaches them without a kernel.',
  autoStart: true,
  provides: ISessions,
  activate: (app: JupyterFrontEnd) =>
    new ServerSessions({
      settings: app.serviceManager.serverSettings,
      isHidden: () => document.hidden,
      random: Math.random
    })
};
