import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { addCommands } from '../commands/commands.js';
import { PAGE_FORMATS } from '../commands/exportSession.js';
import { now } from '../context/clock.js';
import { ISaturnStore, ISessions } from '../session/tokens.js';

const IN_PALETTE = [
  CommandIDs.load,
  CommandIDs.attach,
  CommandIDs.profile,
  CommandIDs.plan,
  CommandIDs.run,
  CommandIDs.stop,
  CommandIDs.insertTaskCell
];

/** What can be asked of a session, from the palette and from menus. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:commands',
  description: 'Commands that profile, plan, train and stop.',
  autoStart: true,
  requires: [ISaturnStore, INotebookTracker],
  optional: [ICommandPalette, ITranslator, ISessions],
  activate: (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
    sessions: ISessions | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    addCommands({ commands: app.commands, store, tracker, trans, clock: now, sessions });
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, args: { inFront: true }, category: trans.__('Saturn') });
    }
    for (const format of PAGE_FORMATS) {
      const args = { format, isPalette: true, inFront: true };
      palette?.addItem({ command: CommandIDs.exportFile, args, category: trans.__('Saturn') });
    }
  }
};
