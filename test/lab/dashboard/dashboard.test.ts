import { ServerConnection as JupyterServer } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionEntry } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { Dashboard } from '../../../src/lab/dashboard/dashboard.js';
import { ServerSessions } from '../../../src/lab/session/serverSessions.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';
import { runningState } from '../../fixtures/sessionStates.js';
import { FakeSocket } from '../fakeSocket.js';
import { FakeStore } from '../fakeStore.js';

const OTHER = sessionEntry({
  id: 'f'.repeat(32),
  session: 'other',
  folder: 'text',
  notebooks: [],
  state: 'asleep'
});

describe('Dashboard', () => {
  let entries: SessionEntry[];
  let status: number;
  let sessions: ServerSessions;
  let store: FakeStore;
  let executed: [string, unknown][];
  let dashboard: Dashboard;

  const texts = () => dashboard.node.textContent ?? '';
  const shown = (selector: string) =>
    [...dashboard.node.querySelectorAll<HTMLElement>(selector)].filter(
      node => node.closest('.lm-mod-hidden') === null
    );

  async function open(sessionId?: string) {
    const commands = new CommandRegistry();
    for (const id of [CommandIDs.dashboard, CommandIDs.plan, CommandIDs.run, CommandIDs.stop]) {
      commands.addCommand(id, {
        label: args => String(args.label ?? id),
        execute: args => void executed.push([id, args])
      });
    }
    dashboard = new Dashboard({
      session: sessionId === undefined ? store : sessions.open(sessionId),
      ...(sessionId === undefined ? {} : { sessionId }),
      sessions,
      commands,
      trans: nullTranslator.load(''),
      clock: () => 1000
    });
    Widget.attach(dashboard, document.body);
    MessageLoop.flush();
    await vi.waitFor(() => expect(sessions.list !== null || sessions.problem !== null).toBe(true));
    await vi.waitFor(() => expect(texts()).not.toBe(''));
  }

  beforeEach(() => {
    FakeSocket.all.length = 0;
    entries = [sessionEntry(), OTHER];
    status = 200;
    executed = [];
    store = new FakeStore();
    sessions = new ServerSessions({
      settings: JupyterServer.makeSettings({
        WebSocket: FakeSocket as never,
        fetch: (async () => new Response(JSON.stringify({ sessions: entries }), { status })) as never
      }),
      isHidden: () => false,
      random: () => 0.5
    });
  });

  afterEach(() => {
    dashboard.dispose();
    sessions.dispose();
  });

  it('shows one session, whatever the current notebook is, and acts on it', async () => {
    await open(sessionEntry().id);
    const [socket] = FakeSocket.all;
    socket!.accept();
    socket!.say('state', { state: runningState() });
    await vi.waitFor(() => expect(shown('h2')[0]?.textContent).toBe(runningState().session));
    expect(dashboard.title.label).toBe(`Saturn: ${runningState().session}`);
    expect(dashboard.title.caption).toBe('vision, sweep.ipynb');
    await vi.waitFor(() => expect(shown('.jp-SaturnDashboard-parts')).toHaveLength(1));
    const stop = await vi.waitFor(() => {
      const [found] = shown(`[data-command="${CommandIDs.stop}"]`);
      expect(found).toBeDefined();
      return found as HTMLButtonElement;
    });
    // Whose progress it is stands before it.
    expect(shown('.jp-SaturnDashboard-progress')[0]?.textContent).toMatch(/^1\/13 trained, /);
    expect(stop.disabled).toBe(false);
    stop.click();
    expect(executed).toEqual([[CommandIDs.stop, { session: sessionEntry().id }]]);
    expect(store.did).toEqual([]);
  });

  it('leads to the other sessions', async () => {
    await open(sessionEntry().id);
    const chooser = await vi.waitFor(() => {
      const [found] = shown('.jp-SaturnDashboard-chooser');
      expect(found?.textContent).toBe('1 more session');
      return found as HTMLButtonElement;
    });
    const press = (keyCode: number) =>
      document.querySelector('.lm-Menu')?.dispatchEvent(new KeyboardEvent('keydown', { keyCode } as never));
    chooser.click();
    const items = [...document.querySelectorAll<HTMLElement>('.lm-Menu-item')];
    expect(items.map(item => item.textContent)).toEqual(['other (text): asleep, 3 of 12 trained']);
    press(27);
    expect(document.activeElement).toBe(chooser);
    expect(executed).toEqual([]);
    chooser.click();
    // The first item is chosen from the beginning.
    press(13);
    expect(executed).toMatchObject([[CommandIDs.dashboard, { session: OTHER.id }]]);
  });

  it('has a session that sleeps woken', async () => {
    await open(OTHER.id);
    const [socket] = FakeSocket.all;
    socket!.accept();
    socket!.say('kernel.status', { version: '0', session: 'other', attached: false }, 'hello');
    const wake = await vi.waitFor(() => {
      const found = shown('button').find(button => button.textContent === 'Wake');
      expect(found).toBeDefined();
      return found as HTMLButtonElement;
    });
    wake.click();
    expect(socket!.sent.at(-1)?.type).toBe('attach');
  });

  it('lets one choose where none is meant', async () => {
    store.set({ connectionProblem: { kind: 'no-notebook' } });
    await open();
    await vi.waitFor(() => expect(shown('[data-session]')).toHaveLength(2));
    shown('[data-session]')[1]?.click();
    expect(executed).toEqual([[CommandIDs.dashboard, { session: OTHER.id }]]);
  });

  it('shows the session of the current notebook', async () => {
    store.set({ state: runningState() });
    await open();
    expect(shown('h2')[0]?.textContent).toBe(runningState().session);
    shown(`[data-command="${CommandIDs.run}"]`)[0]?.click();
    (shown(`[data-command="${CommandIDs.stop}"]`)[0] as HTMLButtonElement).click();
    expect(executed).toEqual([[CommandIDs.stop, {}]]);
  });

  it.each([
    ['no session yet', 200, 'No session yet'],
    ['no server extension', 404, 'Sessions can be seen from their notebooks only'],
    ['nothing allowed', 403, 'You may not see the sessions of this server'],
    ['no server', 502, 'Connection to the Jupyter server lost']
  ])('says what is missing: %s', async (_, code, text) => {
    status = code;
    entries = [];
    store.set({ connectionProblem: { kind: 'no-notebook' } });
    await open();
    await vi.waitFor(() => expect(texts()).toContain(text));
    expect(shown('.jp-SaturnDashboard-parts')).toEqual([]);
  });

  it('leaves the session and the list when it is closed', async () => {
    await open(sessionEntry().id);
    const [socket] = FakeSocket.all;
    socket!.accept();
    dashboard.dispose();
    expect(socket!.readyState).toBe(3);
    expect(sessions.opened(sessionEntry().id)).toBeNull();
    expect(store.isDisposed).toBe(false);
  });
});
