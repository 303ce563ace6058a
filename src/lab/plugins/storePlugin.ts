import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { CommMemory } from '../session/commMemory.js';
import { SaturnStore } from '../session/saturnStore.js';
import { ISaturnStore, ISessions } from '../session/tokens.js';

/** Provides the session of the current notebook. */
export const storePlugin: JupyterFrontEndPlugin<ISaturnStore> = {
  id: 'jupyterlab-saturn:store',
  description: 'Follows the kernel of the current notebook and its %saturn session.',
  autoStart: true,
  provides: ISaturnStore,
  requires: [INotebookTracker],
  optional: [ISessions],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker, sessions: ISessions | null) =>
    new SaturnStore({ tracker, memory: new CommMemory(window.sessionStorage), sessions, reattach: true })
};
