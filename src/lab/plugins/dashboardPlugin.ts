import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { addTaskCommands, TASK_COMMANDS } from '../commands/taskCommands.js';
import { saturnIcon } from '../components/icons.js';
import { now } from '../context/clock.js';
import type { Dashboard } from '../dashboard/dashboard.js';
import { followSettings } from '../panel/panelSettings.js';
import { ISaturnStore, ISessions } from '../session/tokens.js';
import { yieldToPage } from '../session/yieldToPage.js';
import { dashboardTarget } from './dashboardTarget.js';

const ARGS = {
  type: 'object',
  properties: {
    session: {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
      description:
        'Id of a session, as the Jupyter server lists them; the one that is meant most likely when absent'
    },
    folder: { type: 'string', description: 'Folder of the session, where its id is not known' },
    label: { type: 'string', description: 'What a menu calls it' },
    tasks: {
      type: 'array',
      items: { type: 'string' },
      description: 'Names of the tasks to select; those that are selected stay when absent'
    },
    show: { type: 'string', description: 'Which details to show of them: `curves`, `log`, `error`, ...' }
  }
} as const;

const ID = new RegExp(ARGS.properties.session.pattern);

/** Sessions in tabs of the main area. */
export const dashboardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:dashboard',
  description: 'A %saturn session in a tab of its own: schedule, tasks, curves.',
  autoStart: true,
  requires: [ISaturnStore],
  optional: [ISessions, ILayoutRestorer, ICommandPalette, ILauncher, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    sessions: ISessions | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const tracker = new WidgetTracker<MainAreaWidget<Dashboard>>({
      namespace: 'jupyterlab-saturn-dashboard'
    });
    let whatIfSeconds = 2;
    void followSettings(registry, settings => {
      whatIfSeconds = settings.whatIfSeconds;
    });
    const opening = new Map<string, Promise<MainAreaWidget<Dashboard>>>();

    const make = async (sessionId: string | undefined): Promise<MainAreaWidget<Dashboard>> => {
      const { Dashboard } = await import('../dashboard/dashboard.js');
      await yieldToPage();
      const session = sessionId === undefined || !sessions ? store : sessions.open(sessionId);
      const { commands } = app;
      const content = new Dashboard({
        ...{ session, sessionId, sessions, commands, trans },
        clock: now,
        whatIfSeconds: () => whatIfSeconds
      });
      const widget = new MainAreaWidget({ content });
      widget.id = `jupyterlab-saturn-dashboard-${sessionId ?? 'notebook'}`;
      widget.toolbar.hide(); // the header has all there is to do
      widget.title.icon = saturnIcon;
      widget.title.closable = true;
      await tracker.add(widget);
      return widget;
    };

    const show = async (sessionId: string | undefined): Promise<Dashboard> => {
      const key = sessionId ?? '';
      let widget = tracker.find(({ content }) => content.sessionId === sessionId);
      if (!widget) {
        const made = opening.get(key) ?? make(sessionId).finally(() => opening.delete(key));
        opening.set(key, made);
        widget = await made;
      }
      if (!widget.isAttached) {
        app.shell.add(widget, 'main', { type: 'Saturn' });
      }
      if (!widget.isAttached) {
        // The main area of Notebook 7 holds one document, and takes nothing beside it.
        app.shell.add(widget, 'down', { type: 'Saturn' });
      }
      app.shell.activateById(widget.id);
      return widget.content;
    };

    app.commands.addCommand(CommandIDs.dashboard, {
      label: ({ isLauncher, label }) =>
        typeof label === 'string'
          ? label
          : isLauncher
            ? trans.__('Saturn Dashboard')
            : trans.__('Open the Saturn Dashboard'),
      caption: trans.__('Show schedule, tasks and curves of a session in a tab'),
      icon: saturnIcon,
      describedBy: { args: ARGS },
      execute: async ({ session, folder, tasks, show: what }) => {
        const { selection } = await show(
          sessions && typeof session === 'string' && ID.test(session)
            ? session
            : await likelySession(store, sessions, typeof folder === 'string' ? folder : undefined)
        );
        if (Array.isArray(tasks)) {
          selection.select(tasks.map(String));
        }
        if (typeof what === 'string') {
          selection.ask(what);
        }
      }
    });

    app.shell.currentChanged?.connect(() => {
      if (sessions) {
        const { currentWidget } = app.shell;
        const front = tracker.find(widget => widget === currentWidget)?.content;
        sessions.inFront = front?.sessionId === undefined ? null : front.session;
      }
    });
    store.viewAsked.connect((_, folder) => {
      void app.commands.execute(CommandIDs.dashboard, { folder });
    });
    const target = dashboardTarget({ dashboards: tracker, shell: app.shell, store });
    addTaskCommands({ commands: app.commands, target, clock: now, trans });
    for (const command of TASK_COMMANDS) {
      palette?.addItem({ command, category: trans.__('Saturn') });
    }
    palette?.addItem({ command: CommandIDs.dashboard, category: trans.__('Saturn') });
    launcher?.add({ command: CommandIDs.dashboard, args: { isLauncher: true }, category: 'Other', rank: 90 });
    void restorer?.restore(tracker, {
      command: CommandIDs.dashboard,
      args: ({ content: { sessionId } }) => (sessionId === undefined ? {} : { session: sessionId }),
      name: ({ content: { sessionId } }) => sessionId ?? 'notebook'
    });
  }
};

/**
 * Id of the session of a folder; where none is named of the one that is meant: of the current notebook, or the only one
 * there is.
 */
async function likelySession(
  store: ISaturnStore,
  sessions: ISessions | null,
  named: string | undefined
): Promise<string | undefined> {
  await sessions?.refresh();
  const list = sessions?.list ?? [];
  const folder = named ?? store.view.state?.folder;
  if (folder !== undefined) {
    return list.find(({ path }) => path === folder)?.id;
  }
  return list.length === 1 ? list[0]?.id : undefined;
}
