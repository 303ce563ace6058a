import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { now } from '../context/clock.js';
import { FoldMemory } from '../context/foldMemory.js';
import { followSettings, type ISettings, SETTINGS_ID } from '../panel/panelSettings.js';
import { SaturnPanel } from '../panel/saturnPanel.js';
import { failureIn } from '../session/ownFailures.js';
import { IPanelSections, ISaturnStore } from '../session/tokens.js';

/** Its place among the panels of a side bar: after those of JupyterLab itself. */
const RANK = 950;

/** The side panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: SETTINGS_ID,
  description: 'Side panel of a %saturn session; plugins add its sections.',
  autoStart: true,
  requires: [ISaturnStore, IPanelSections],
  optional: [ILayoutRestorer, ICommandPalette, ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    sections: IPanelSections,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const folds = new FoldMemory(window.localStorage);
    const panel = new SaturnPanel({ store, sections, folds, commands: app.commands, trans, clock: now });
    panel.disposed.connect(() => folds.dispose());
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show Saturn'),
      caption: trans.__('Show the tasks, the plan and the progress of the current notebook'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(SaturnPanel.ID)
    });
    palette?.addItem({ command: CommandIDs.open, category: trans.__('Saturn') });

    store.failed.connect((_, told) => {
      const failure = failureIn(told, trans);
      // The panel shows failures itself; without it they must not go unseen.
      if (!panel.isVisible) {
        Notification.error([failure.message, failure.hint].filter(Boolean).join('\n'), {
          actions: [
            { label: trans.__('Show Saturn'), callback: () => void app.commands.execute(CommandIDs.open) }
          ]
        });
      }
    });

    let side: ISettings['panelSide'] | null = null;
    const apply = (settings: ISettings) => {
      store.reattach = settings.reattach;
      if (settings.panelSide !== side) {
        side = settings.panelSide;
        app.shell.add(panel, side, { rank: RANK, type: 'Saturn' });
      }
    };
    // Awaited, so that the panel is in its place before the layout is restored.
    await followSettings(registry, apply);
    restorer?.add(panel, SaturnPanel.ID);
  }
};
