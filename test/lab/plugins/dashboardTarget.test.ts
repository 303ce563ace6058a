import { describe, expect, it } from 'vitest';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { dashboardTarget } from '../../../src/lab/plugins/dashboardTarget.js';
import { plannedState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

function storeOf(folder: string): FakeStore {
  const store = new FakeStore();
  store.set({ state: { ...plannedState(), folder } });
  return store;
}

/** A dashboard, which tells its session by an accessor. */
class Shown {
  constructor(
    private readonly _session: FakeStore,
    readonly sessionId?: string
  ) {}

  readonly selection = new TaskSelection();

  get session(): FakeStore {
    return this._session;
  }
}

const dashboard = (folder: string, sessionId?: string) => ({
  content: new Shown(storeOf(folder), sessionId)
});

describe('dashboardTarget', () => {
  const [a, b] = [dashboard('/a', 'id-a'), dashboard('/b')];
  const shell = { currentWidget: null as unknown };
  const store = storeOf('/notebook');
  const target = dashboardTarget({
    dashboards: { find: isIt => [a, b].find(isIt) },
    shell,
    store
  });

  it('is the session that is named, by its folder or its id', () => {
    expect(target('/a')).toEqual({ session: a.content.session, selection: a.content.selection });
    expect(target('id-a')?.session).toBe(a.content.session);
    expect(target('/b')?.selection).toBe(b.content.selection);
    expect(target('/notebook')).toEqual({ session: store });
    expect(target('/gone')).toBeNull();
  });

  it('is the one in front of several dashboards of one session', () => {
    const second = dashboard('/a');
    const both = { currentWidget: second as unknown };
    const find = dashboardTarget({
      dashboards: { find: isIt => [a, second].find(isIt) },
      shell: both,
      store
    });
    expect(find('/a')?.selection).toBe(second.content.selection);
    both.currentWidget = null;
    expect(find('/a')?.selection).toBe(a.content.selection);
  });

  it('is that of the dashboard in front, else of the notebook, when none is named', () => {
    expect(target(undefined)).toEqual({ session: store });
    shell.currentWidget = b;
    expect(target(undefined)?.session).toBe(b.content.session);
  });
});
