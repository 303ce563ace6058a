import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands/commandIDs.js';
import { SessionNotifier } from '../notifications/sessionNotifier.js';
import { TitleMark } from '../notifications/titleMark.js';
import { ToldOnce } from '../notifications/toldOnce.js';
import { followSettings } from '../panel/panelSettings.js';
import { ISaturnStore } from '../session/tokens.js';

/** Tells when a training ends, fails or needs somebody, wherever the user looks. */
export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:notifications',
  description: 'Notifications when training ends, fails or needs a decision.',
  autoStart: true,
  requires: [ISaturnStore, INotebookTracker],
  optional: [ILabShell, ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    store: ISaturnStore,
    tracker: INotebookTracker,
    labShell: ILabShell | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    const action = (label: string, command: string) => ({
      label,
      callback: () => void app.commands.execute(command)
    });
    const notifier = new SessionNotifier({
      trans,
      told: new ToldOnce({
        storage: window.localStorage,
        isHidden: () => document.visibilityState === 'hidden',
        exclusively: ToldOnce.exclusively
      }),
      mark: new TitleMark(document),
      notify: ({ text, isTrouble }) =>
        Notification.emit(text, isTrouble ? 'warning' : 'success', {
          autoClose: false,
          actions: [
            action(trans.__('Show Saturn'), CommandIDs.open),
            // Notebook 7 has no place for tabs.
            ...(labShell ? [action(trans.__('Open dashboard'), CommandIDs.dashboard)] : [])
          ]
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
    look();
    await followSettings(registry, ({ notifications }) => {
      notifier.level = notifications;
    });
  }
};
