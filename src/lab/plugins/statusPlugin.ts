import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { SaturnStatusItem } from '../components/statusItem.js';
import { now } from '../context/clock.js';
import { ISaturnStore } from '../session/tokens.js';

/** Progress in the status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:status',
  description: 'Progress of a %saturn session in the status bar.',
  autoStart: true,
  requires: [ISaturnStore],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (!statusBar) {
      return; // e.g. in Notebook 7
    }
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const item = new SaturnStatusItem({ store, commands: app.commands, trans, clock: now });
    statusBar.registerStatusItem(statusPlugin.id, {
      item,
      align: 'left',
      rank: 90,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged
    });
  }
};
