import type { MainAreaWidget } from '@jupyterlab/apputils';
import { ServerConnection as JupyterServer } from '@jupyterlab/services';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionEntry } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import type { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { dashboardPlugin } from '../../../src/lab/plugins/dashboardPlugin.js';
import { ServerSessions } from '../../../src/lab/session/serverSessions.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';
import { runningState } from '../../fixtures/sessionStates.js';
import { FakeSocket } from '../fakeSocket.js';
import { FakeStore } from '../fakeStore.js';

const OTHER = sessionEntry({ id: 'f'.repeat(32), path: '/home/a/text/.saturn/other' });

/** JupyterLab's shell, as far as a plugin uses it. */
class FakeShell {
  readonly currentChanged = new Signal<this, unknown>(this);
  readonly added: Widget[] = [];
  /** Where they were added. */
  readonly areas: string[] = [];
  currentWidget: Widget | null = null;
  /** Areas that take nothing, without a word. */
  full: readonly string[] = [];

  add(widget: Widget, area: string): void {
    if (!this.full.includes(area)) {
      this.added.push(widget);
      this.areas.push(area);
      Widget.attach(widget, document.body);
    }
  }

  activateById(id: string): void {
    this.currentWidget = this.added.find(widget => widget.id === id) ?? null;
    this.currentChanged.emit({});
  }
}

describe('dashboardPlugin', () => {
  let entries: SessionEntry[];
  let commands: CommandRegistry;
  let shell: FakeShell;
  let store: FakeStore;
  let sessions: ServerSessions;

  const open = (args = {}) => commands.execute(CommandIDs.dashboard, args);
  const opened = () =>
    shell.added.map(widget => (widget as MainAreaWidget<Widget & { sessionId?: string }>).content.sessionId);

  beforeEach(() => {
    FakeSocket.all.length = 0;
    entries = [sessionEntry(), OTHER];
    commands = new CommandRegistry();
    shell = new FakeShell();
    store = new FakeStore();
    sessions = new ServerSessions({
      settings: JupyterServer.makeSettings({
        WebSocket: FakeSocket as never,
        fetch: (async () => new Response(JSON.stringify({ sessions: entries }))) as never
      }),
      isHidden: () => false,
      random: () => 0.5
    });
    void dashboardPlugin.activate({ commands, shell } as never, store, sessions, null, null, null, null);
  });

  afterEach(() => {
    for (const widget of shell.added) {
      widget.dispose();
    }
    sessions.dispose();
  });

  it('has one tab a session, however often it is asked for', async () => {
    await Promise.all([open({ session: OTHER.id }), open({ session: OTHER.id })]);
    await open({ session: OTHER.id });
    await open({ session: sessionEntry().id });
    expect(opened()).toEqual([OTHER.id, sessionEntry().id]);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('opens below the notebook where the main area holds one thing alone, as in Notebook 7', async () => {
    shell.full = ['main'];
    await open({ session: OTHER.id });
    expect(opened()).toEqual([OTHER.id]);
    expect(shell.areas).toEqual(['down']);
    expect(shell.currentWidget).toBe(shell.added[0]);
  });

  it('means the session of the current notebook', async () => {
    store.set({ state: { ...runningState(), folder: OTHER.path } });
    await open();
    expect(opened()).toEqual([OTHER.id]);
  });

  it('means the only one there is', async () => {
    entries = [OTHER];
    await open();
    expect(opened()).toEqual([OTHER.id]);
  });

  it.each([[{}], [{ session: '../../etc' }], [{ session: 7 }]])(
    'lets one choose where %j names none',
    async args => {
      await open(args);
      expect(opened()).toEqual([undefined]);
      expect(FakeSocket.all).toEqual([]);
    }
  );

  it('selects tasks, and has details of them shown as soon as there is anything to show them', async () => {
    await open({ session: OTHER.id, tasks: ['a', 'b'], show: 'log' });
    const content = (shell.added[0] as MainAreaWidget<Widget & { selection: TaskSelection }>).content;
    expect(content.selection.tasks).toEqual(['a', 'b']);
    expect(localStorage.getItem('jupyterlab-saturn:detail-tab') ?? content.selection.take()).toContain('log');
    await open({ session: OTHER.id });
    expect(content.selection.tasks).toEqual(['a', 'b']);
  });

  it('shows the session that a cell asks for', async () => {
    store.viewAsked.emit(OTHER.path);
    await vi.waitFor(() => expect(opened()).toEqual([OTHER.id]));
  });

  it('shows the session of a folder', async () => {
    store.set({ state: { ...runningState(), folder: sessionEntry().path } });
    await open({ folder: OTHER.path });
    expect(opened()).toEqual([OTHER.id]);
  });

  it('says which session is in front', async () => {
    await open({ session: OTHER.id });
    expect(sessions.inFront).toBe(sessions.opened(OTHER.id));
    shell.currentWidget = null;
    shell.currentChanged.emit({});
    expect(sessions.inFront).toBeNull();
  });
});
