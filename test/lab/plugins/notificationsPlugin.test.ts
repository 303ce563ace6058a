import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { notificationsPlugin } from '../../../src/lab/plugins/notificationsPlugin.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

/** A notebook of a session. */
interface IPanel {
  readonly id: string;
  state: SessionState;
}

class Notebooks extends FakeStore {
  override stateOf(panel?: unknown): SessionState {
    return (panel as IPanel).state;
  }
}

const inFolder = (state: SessionState, folder: string) => ({ ...state, folder, session: folder });

describe('notificationsPlugin', () => {
  let store: Notebooks;
  let panels: IPanel[];
  let tracker: { currentWidget: IPanel | null };
  let sessions: { list: { path: string }[]; sessionChanged: Signal<object, unknown> };
  let hasDashboard: boolean;
  let done: string[];

  const toasts = () => Notification.manager.notifications;
  const actions = () => toasts()[0]?.options.actions ?? [];
  const labels = () => actions().map(({ label }) => label);
  const press = (label: string) =>
    actions()
      .find(action => action.label === label)
      ?.callback(new MouseEvent('click'));
  const told = () => vi.waitFor(() => expect(toasts()).toHaveLength(1));

  beforeEach(() => {
    localStorage.clear();
    Notification.dismiss();
    done = [];
    hasDashboard = true;
    store = new Notebooks();
    panels = ['/a', '/b'].map(folder => ({ id: `of ${folder}`, state: inFolder(runningState(), folder) }));
    tracker = { currentWidget: panels[1] ?? null };
    sessions = { list: [{ path: '/a' }, { path: '/c' }], sessionChanged: new Signal({}) };
    const commands = new CommandRegistry();
    commands.addCommand(CommandIDs.open, { execute: () => void done.push('panel') });
    commands.addCommand(CommandIDs.dashboard, {
      isEnabled: () => hasDashboard,
      execute: ({ folder }) => void done.push(`dashboard of ${String(folder)}`)
    });
    const shell = { activateById: (id: string) => void done.push(id) };
    void notificationsPlugin.activate(
      { commands, shell } as never,
      store,
      Object.assign(tracker, {
        forEach: (act: (panel: IPanel) => void) => panels.forEach(act),
        find: (isIt: (panel: IPanel) => boolean) => panels.find(isIt)
      }),
      Object.assign(sessions, { refresh: async () => undefined }),
      null,
      null
    );
  });

  afterEach(() => Notification.dismiss());

  const end = (panel: IPanel) => {
    panel.state = inFolder(finishedState(), panel.state.folder);
    store.changed.emit();
  };

  it('leads to the session it tells of, whichever notebook is the current one', async () => {
    end(panels[0]!);
    await told();
    expect(labels()).toEqual(['Show Saturn', 'Open dashboard']);
    press('Open dashboard');
    await vi.waitFor(() => expect(done).toEqual(['dashboard of /a']));
    press('Show Saturn');
    expect(done.slice(1)).toEqual(['of /a', 'panel']);
  });

  it('leaves the current notebook where it is when that is meant', async () => {
    end(panels[1]!);
    await told();
    press('Show Saturn');
    expect(done).toEqual(['panel']);
  });

  it('brings up the notebook of a session that the server does not know', async () => {
    sessions.list = [];
    end(panels[0]!);
    await told();
    press('Open dashboard');
    await vi.waitFor(() => expect(done).toEqual(['of /a', 'dashboard of /a']));
  });

  it('tells of a session that has no notebook, of which there is no panel', async () => {
    for (const state of [runningState(), finishedState()]) {
      sessions.sessionChanged.emit({ view: { state: inFolder(state, '/c') } });
    }
    await told();
    expect(labels()).toEqual(['Open dashboard']);
  });

  it('offers no dashboard where there is no place for it', async () => {
    hasDashboard = false;
    end(panels[1]!);
    await told();
    expect(labels()).toEqual(['Show Saturn']);
  });
});
