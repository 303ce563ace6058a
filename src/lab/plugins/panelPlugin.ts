import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { WorkerPlannerClient } from '../../worker/workerPlannerClient.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { now } from '../context/clock.js';
import { followSettings, type ISettings } from '../panel/panelSettings.js';
import { SaturnPanel } from '../panel/saturnPanel.js';
import { ISaturnStore } from '../session/tokens.js';
import { WhatIf } from '../whatIf/whatIf.js';

/** Its place among the panels of a side bar: after those of JupyterLab itself. */
const RANK = 950;

/** The side panel. Its id is also the name of the extension's settings. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:plugin',
  description: 'Side panel with the tasks, profile, plan and progress of a %saturn session.',
  autoStart: true,
  requires: [ISaturnStore],
  optional: [ILayoutRestorer, ICommandPalette, ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const whatIf = new WhatIf({ makePlanner: () => new WorkerPlannerClient(), clock: now, seconds: 2 });
    const panel = new SaturnPanel({ store, commands: app.commands, whatIf, trans, clock: now });
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show Saturn'),
      caption: trans.__('Show the tasks, the plan and the progress of the current notebook'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(SaturnPanel.ID)
    });
    palette?.addItem({ command: CommandIDs.open, category: trans.__('Saturn') });

    store.failed.connect((_, failure) => {
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
      whatIf.seconds = settings.whatIfSeconds;
      if (settings.panelSide !== side) {
        side = settings.panelSide;
        app.shell.add(panel, side, { rank: RANK, type: 'Saturn' });
      }
    };
    // Awaited, so that the panel is in its place before the layout is restored.
    await followSettings(registry, panelPlugin.id, apply);
    restorer?.add(panel, SaturnPanel.ID);
  }
};
