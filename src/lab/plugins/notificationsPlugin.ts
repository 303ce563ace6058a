import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { SessionNotifier } from '../notifications/sessionNotifier.js';
import { TitleMark } from '../notifications/titleMark.js';
import { ToldOnce } from '../notifications/toldOnce.js';
import { followSettings } from '../panel/panelSettings.js';
import { ISaturnStore, ISessions } from '../session/tokens.js';

/** Tells when a training ends, fails or needs somebody, wherever the user looks. */
export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:notifications',
  description: 'Notifications when training ends, fails or needs a decision.',
  autoStart: true,
  requires: [ISaturnStore, INotebookTracker],
  optional: [ISessions, ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    tracker: INotebookTracker,
    sessions: ISessions | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const { commands, shell } = app;
    const notebookOf = (folder: string) => {
      const isOf = (panel: NotebookPanel) => store.stateOf(panel)?.folder === folder;
      const { currentWidget: current } = tracker;
      return current && isOf(current) ? current : tracker.find(isOf);
    };
    const bringUp = (folder: string) => {
      const panel = notebookOf(folder);
      if (panel && panel !== tracker.currentWidget) {
        shell.activateById(panel.id);
      }
    };
    const actions = (folder: string): Notification.IAction[] => [
      // The panel is about the current notebook.
      ...(notebookOf(folder)
        ? [
            {
              label: trans.__('Show Saturn'),
              callback: () => {
                bringUp(folder);
                void commands.execute(CommandIDs.open);
              }
            }
          ]
        : []),
      ...(commands.isEnabled(CommandIDs.dashboard)
        ? [
            {
              label: trans.__('Open dashboard'),
              callback: async () => {
                await sessions?.refresh();
                if (!sessions?.list?.some(({ path }) => path === folder)) {
                  bringUp(folder); // a dashboard of no id is about the current notebook
                }
                await commands.execute(CommandIDs.dashboard, { folder });
              }
            }
          ]
        : [])
    ];
    const notifier = new SessionNotifier({
      trans,
      told: new ToldOnce({
        storage: window.localStorage,
        isHidden: () => document.visibilityState === 'hidden',
        exclusively: ToldOnce.exclusively
      }),
      mark: new TitleMark(document),
      notify: ({ text, folder, isTrouble }) =>
        Notification.emit(text, isTrouble ? 'warning' : 'success', {
          autoClose: false,
          actions: actions(folder)
        })
    });
    const look = () =>
      tracker.forEach(panel => {
        const state = store.stateOf(panel);
        if (state) {
          notifier.take(state);
        }
      });
    store.changed.connect(look);
    // Their notebooks may be closed.
    sessions?.sessionChanged.connect((_, { view }) => {
      if (view.state) {
        notifier.take(view.state);
      }
    });
    look();
    await followSettings(registry, ({ notifications }) => {
      notifier.level = notifications;
    });
  }
};
