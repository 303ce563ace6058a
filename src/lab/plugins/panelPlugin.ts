import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { now } from '../context/clock.js';
import { followSettings, type ISettings, SETTINGS_ID } from '../panel/panelSettings.js';
import { PanelShell } from '../panel/panelShell.js';
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
    const load = async () => {
      sections.want();
      const { SaturnPanel } = await import('../panel/saturnPanel.js');
      const { FoldMemory } = await import('../context/foldMemory.js');
      const folds = new FoldMemory(window.localStorage);
      const content = new SaturnPanel({ store, sections, folds, commands: app.commands, trans, clock: now });
      content.disposed.connect(() => folds.dispose());
      return content;
    };
    const panel = new PanelShell({ trans, load });
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show Saturn'),
      caption: trans.__('Show the tasks, the plan and the progress of the current notebook'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(PanelShell.ID)
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
    restorer?.add(panel, PanelShell.ID);
  }
};
