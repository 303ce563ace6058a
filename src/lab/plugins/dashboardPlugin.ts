import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { addTaskCommands, TASK_COMMANDS } from '../commands/taskCommands.js';
import { saturnIcon } from '../components/icons.js';
import { now } from '../context/clock.js';
import { Dashboard } from '../dashboard/dashboard.js';
import { ISaturnStore } from '../session/tokens.js';
import { dashboardTarget } from './dashboardTarget.js';

/** A session in a tab of the main area. */
export const dashboardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:dashboard',
  description: 'A %saturn session in a tab of its own: schedule, tasks, curves.',
  autoStart: true,
  requires: [ISaturnStore],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const tracker = new WidgetTracker<MainAreaWidget<Dashboard>>({
      namespace: 'jupyterlab-saturn-dashboard'
    });
    app.commands.addCommand(CommandIDs.dashboard, {
      label: trans.__('Open the Saturn Dashboard'),
      caption: trans.__('Show schedule, tasks and curves in a tab'),
      icon: saturnIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        const open = tracker.currentWidget;
        if (open) {
          app.shell.activateById(open.id);
          return;
        }
        const content = new Dashboard({ session: store, commands: app.commands, trans, clock: now });
        const widget = new MainAreaWidget({ content });
        widget.id = 'jupyterlab-saturn-dashboard';
        widget.title.label = trans.__('Saturn');
        widget.title.icon = saturnIcon;
        widget.title.closable = true;
        void tracker.add(widget);
        app.shell.add(widget, 'main');
      }
    });
    const target = dashboardTarget({ dashboards: tracker, shell: app.shell, store });
    addTaskCommands({ commands: app.commands, target, clock: now, trans });
    for (const command of TASK_COMMANDS) {
      palette?.addItem({ command, category: trans.__('Saturn') });
    }
    palette?.addItem({ command: CommandIDs.dashboard, category: trans.__('Saturn') });
    void restorer?.restore(tracker, {
      command: CommandIDs.dashboard,
      name: () => 'dashboard'
    });
  }
};
