import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import schema from '../../../schema/lab/plugin.json' with { type: 'json' };
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { addCommands } from '../../../src/lab/commands/commands.js';
import { parseTaskCell } from '../../../src/lab/notebook/taskCells.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakePanel, FakeTracker } from '../fakeNotebook.js';
import { FakeStore } from '../fakeStore.js';

/** Commands that act on a session as a whole. */
const SESSION_COMMANDS: string[] = [
  CommandIDs.exportFile,
  CommandIDs.profile,
  CommandIDs.plan,
  CommandIDs.run,
  CommandIDs.stop
];

interface IMenuItem {
  readonly command?: string;
  readonly args?: object;
  readonly submenu?: { readonly items: readonly IMenuItem[] };
}

/** What can be chosen from a menu and the menus in it. */
function commandItems(items: readonly IMenuItem[]): { command: string; args?: object }[] {
  return items.flatMap(({ command, args, submenu }) =>
    command === undefined ? commandItems(submenu?.items ?? []) : [{ command, ...(args && { args }) }]
  );
}

/** How long a part that is loaded when it is first wanted is waited for. */
const LOADED = { timeout: 20_000 };

describe('addCommands', () => {
  let commands: CommandRegistry;
  let store: FakeStore;
  let tracker: FakeTracker;
  let added: IDisposable;

  beforeEach(() => {
    commands = new CommandRegistry();
    store = new FakeStore();
    tracker = new FakeTracker();
    added = addCommands({
      commands,
      store,
      tracker: tracker.asTracker,
      trans: nullTranslator.load(''),
      clock: () => 0
    });
  });

  afterEach(() => added.dispose());

  it('describes every command and its arguments', () => {
    for (const id of commands.listCommands()) {
      expect(commands.label(id), id).not.toBe('');
    }
    expect(commands.listCommands()).toHaveLength(11);
  });

  it.each([
    [CommandIDs.profile, 'profile'],
    [CommandIDs.plan, 'plan'],
    [CommandIDs.run, 'run']
  ])('%s asks the engine', async (id, type) => {
    expect(commands.isEnabled(id)).toBe(false);
    store.set({ state: plannedState() });
    expect(commands.isEnabled(id)).toBe(true);
    await commands.execute(id);
    expect(store.did).toEqual([type]);
  });

  it('loads and attaches only where that is what is missing', async () => {
    store.set({ connectionProblem: { kind: 'not-loaded' } });
    expect([CommandIDs.load, CommandIDs.attach].map(id => commands.isEnabled(id))).toEqual([true, false]);
    await commands.execute(CommandIDs.load);
    store.set({ connectionProblem: { kind: 'not-attached', session: 's' } });
    expect([CommandIDs.load, CommandIDs.attach].map(id => commands.isEnabled(id))).toEqual([false, true]);
    await commands.execute(CommandIDs.attach);
    expect(store.did).toEqual(['load', 'attach']);
  });

  it.each([
    ['Keep training', []],
    ['Stop', ['stop']]
  ])('asks before it stops: %s', async (answer, did) => {
    store.set({ state: runningState() });
    const stopping = commands.execute(CommandIDs.stop);
    const button = await vi.waitFor(() => {
      const found = [...document.querySelectorAll<HTMLElement>('.jp-Dialog button')].find(
        one => one.textContent === answer
      );
      expect(found).toBeDefined();
      return found;
    }, LOADED);
    await vi.waitFor(() =>
      expect(document.querySelector('.jp-Dialog-header')?.textContent).toContain('quickstart')
    );
    button?.click();
    await stopping;
    expect(store.did).toEqual(did);
  });

  it('inserts a task cell that is one', async () => {
    const panel = new FakePanel(null, ['import torch', 'x = 1']);
    tracker.add(panel);
    tracker.show(panel);
    panel.content.activeCellIndex = 0;
    await commands.execute(CommandIDs.insertTaskCell);
    const source = panel.content.model.cells[1]?.sharedModel.getSource() ?? '';
    expect(parseTaskCell('new', source)).toMatchObject({ sweep: 'my_model', size: 4 });
    expect(panel.content).toMatchObject({ activeCellIndex: 1, mode: 'edit', scrolledTo: [1] });
  });

  it('inserts code below the active cell of a notebook, where there is one', async () => {
    expect(commands.isEnabled(CommandIDs.insertCode)).toBe(false);
    const panel = new FakePanel(null, ['a', 'b']);
    tracker.add(panel);
    tracker.show(panel);
    panel.content.activeCellIndex = 0;
    await commands.execute(CommandIDs.insertCode, { code: 'import torch' });
    expect(panel.content.model.cells[1]?.sharedModel.getSource()).toBe('import torch');
  });

  it('runs a cell by its id, and none for an id that is gone', async () => {
    const ran: number[] = [];
    const panel = new FakePanel(null, ['a', 'b', 'c']);
    tracker.add(panel);
    tracker.show(panel);
    commands.addCommand('notebook:run-cell', { execute: () => void ran.push(panel.content.activeCellIndex) });
    await commands.execute(CommandIDs.runTaskCell, { cell: 'cell-2' });
    await commands.execute(CommandIDs.runTaskCell, { cell: 'gone' });
    expect(ran).toEqual([2]);
    await commands.execute(CommandIDs.showCell, { cell: 'cell-1' });
    expect(panel.content.scrolledTo).toEqual([2, 1]);
  });

  it('loads the extension before it runs a cell that needs it', async () => {
    const panel = new FakePanel(null, ['a']);
    tracker.add(panel);
    tracker.show(panel);
    commands.addCommand('notebook:run-cell', { execute: () => void store.did.push('run-cell') });
    store.set({ connectionProblem: { kind: 'not-loaded' } });
    await commands.execute(CommandIDs.runTaskCell, { cell: 'cell-0' });
    store.set({ connectionProblem: null });
    await commands.execute(CommandIDs.runTaskCell, { cell: 'cell-0' });
    expect(store.did).toEqual(['load', 'run-cell', 'run-cell']);
  });

  it('acts on the session that is named, or in front, whatever the notebook', async () => {
    added.dispose();
    const front = new FakeStore();
    const named = new FakeStore();
    const sessions = {
      changed: store.changed,
      inFront: front,
      opened: (id: string) => (id === 'named' ? named : null)
    };
    added = addCommands({
      commands,
      store,
      tracker: tracker.asTracker,
      trans: nullTranslator.load(''),
      clock: () => 0,
      sessions: sessions as never
    });
    for (const each of [store, front, named]) {
      each.set({ state: plannedState() });
    }
    await commands.execute(CommandIDs.run, { session: 'named' });
    await commands.execute(CommandIDs.run, { inFront: true });
    expect([store.did, front.did, named.did]).toEqual([[], ['run'], ['run']]);
    await commands.execute(CommandIDs.run);
    expect(store.did).toEqual(['run']);
    expect(commands.isEnabled(CommandIDs.run, { session: 'gone' })).toBe(false);
  });

  it('acts on the session in front from the main menu as well', () => {
    const menu = schema['jupyter.lab.menus'].main.flatMap(({ items }) => commandItems(items));
    const onSession = menu.filter(({ command }) => SESSION_COMMANDS.includes(command));
    expect(onSession.map(({ command }) => command).sort()).toEqual(
      [...Array(5).fill(CommandIDs.exportFile), ...SESSION_COMMANDS.slice(1)].sort()
    );
    for (const { command, args } of onSession) {
      expect(args, command).toMatchObject({ inFront: true });
    }
  });

  it('takes all commands away when disposed, and listens no more', () => {
    added.dispose();
    expect(commands.listCommands()).toEqual([]);
    let changes = 0;
    commands.commandChanged.connect(() => void changes++);
    store.set({ state: plannedState() });
    expect(changes).toBe(0);
  });
});
