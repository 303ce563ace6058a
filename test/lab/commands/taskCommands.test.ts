import { Clipboard, Dialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { addTaskCommands, TASK_COMMANDS } from '../../../src/lab/commands/taskCommands.js';
import { TaskSelection } from '../../../src/lab/context/taskSelection.js';
import { EPOCH, emptyState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

const TRAINED = 'digits-vit-32-1e-3';
const FAILED = 'digits-vit-32-3e-3';
const RUNNING = 'digits-vit-64-1e-3';
const READY = 'digits-mlp-32-1e-3';

/** What stands in the dialog. */
const dialog = () => document.querySelector<HTMLElement>('.jp-Dialog');

/** A dialog once all of it is drawn; it is loaded when it is first wanted. */
async function opened(): Promise<HTMLElement> {
  return vi.waitFor(
    () => {
      const node = dialog();
      for (const part of ['.jp-Dialog-header', '.jp-Dialog-body']) {
        expect(node?.querySelector(part)?.textContent ?? '').not.toBe('');
      }
      return node as HTMLElement;
    },
    { timeout: 5000 }
  );
}

function press(node: HTMLElement, label: string): void {
  const found = [...node.querySelectorAll<HTMLElement>('button')].find(one => one.textContent === label);
  expect(found, label).toBeDefined();
  found?.click();
}

function write(node: HTMLElement, label: string, value: string): void {
  const id = [...node.querySelectorAll('label')].find(one => one.textContent === label)?.htmlFor;
  const input = node.querySelector<HTMLInputElement | HTMLSelectElement>(`[id="${id}"]`);
  const kind = input instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(kind.prototype, 'value')?.set?.call(input, value);
  input?.dispatchEvent(new Event(input instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
}

describe('addTaskCommands', () => {
  let commands: CommandRegistry;
  let store: FakeStore;
  let other: FakeStore;
  let selection: TaskSelection;
  let added: IDisposable;

  beforeEach(() => {
    commands = new CommandRegistry();
    store = new FakeStore();
    store.set({ state: runningState() });
    other = new FakeStore();
    selection = new TaskSelection();
    added = addTaskCommands({
      commands,
      target: folder =>
        folder === undefined
          ? { session: store, selection }
          : folder === '/other'
            ? { session: other }
            : null,
      clock: () => EPOCH + 20,
      trans: nullTranslator.load('')
    });
  });

  afterEach(() => {
    added.dispose();
    Dialog.flush();
    document.body.replaceChildren();
  });

  it('describes every command and its arguments', async () => {
    expect(commands.listCommands().sort()).toEqual([...TASK_COMMANDS].sort());
    for (const id of commands.listCommands()) {
      expect(commands.label(id), id).not.toBe('');
      expect(commands.caption(id), id).not.toBe('');
      expect(await commands.describedBy(id), id).toHaveProperty('args.type', 'object');
    }
  });

  it.each([
    [CommandIDs.stopTasks, 'stop', [RUNNING, READY]],
    [CommandIDs.retryTasks, 'retry', [FAILED]],
    [CommandIDs.runTasks, 'run', [FAILED, READY]]
  ])('%s is for those of which it makes sense', async (id, type, tasks) => {
    const args = { tasks: [TRAINED, FAILED, RUNNING, READY] };
    // What trains already is trained on by a run.
    const expected = type === 'run' ? [FAILED, RUNNING, READY] : tasks;
    expect(commands.isEnabled(id, args)).toBe(true);
    await commands.execute(id, args);
    expect(store.sent).toEqual([[type, { tasks: expected }]]);
  });

  it('opens the dashboard to compare tasks of a session that none shows', async () => {
    other.set({ state: { ...runningState(), folder: '/other' } });
    const args = { session: '/other', tasks: [TRAINED, RUNNING] };
    expect(commands.isEnabled(CommandIDs.compareTasks, args)).toBe(false);
    const asked: unknown[] = [];
    commands.addCommand(CommandIDs.dashboard, { execute: given => void asked.push(given) });
    expect(commands.isEnabled(CommandIDs.compareTasks, args)).toBe(true);
    await commands.execute(CommandIDs.compareTasks, args);
    expect(asked).toEqual([{ folder: '/other', tasks: [TRAINED, RUNNING], show: 'curves' }]);
    expect(selection.tasks).toEqual([]);
  });

  it('downloads tasks where there are any', () => {
    expect(commands.isEnabled(CommandIDs.exportTasks)).toBe(true);
    store.set({ state: emptyState() });
    expect(commands.isEnabled(CommandIDs.exportTasks)).toBe(false);
    store.set({ state: null });
    expect(commands.isEnabled(CommandIDs.exportTasks)).toBe(false);
  });

  it('says why it is not possible', () => {
    const args = { tasks: [TRAINED] };
    expect(commands.isEnabled(CommandIDs.stopTasks, args)).toBe(false);
    expect(commands.caption(CommandIDs.stopTasks, args)).toContain('It is trained');
    expect(commands.caption(CommandIDs.stopTasks, { tasks: [TRAINED, RUNNING] })).toContain(
      'Not for 1 of 2 tasks'
    );
    expect(commands.caption(CommandIDs.stopTasks, { tasks: ['gone'] })).toContain('gone is not there');
    store.set({ connected: false });
    expect(commands.caption(CommandIDs.removeTasks, args)).toContain('cannot be reached');
  });

  it('acts on the session that is named, and on none where it is not there', async () => {
    other.set({ state: { ...runningState(), folder: '/other' } });
    await commands.execute(CommandIDs.stopTasks, { session: '/other', tasks: [RUNNING] });
    expect([store.sent, other.sent]).toEqual([[], [['stop', { tasks: [RUNNING] }]]]);
    expect(commands.isEnabled(CommandIDs.stopTasks, { session: '/gone', tasks: [RUNNING] })).toBe(false);
  });

  it('is for what is selected when no tasks are named, and called so', () => {
    expect(commands.label(CommandIDs.stopTasks)).toBe('Stop the Selected Tasks');
    expect(commands.isEnabled(CommandIDs.stopTasks)).toBe(false);
    selection.select([RUNNING, READY]);
    expect(commands.label(CommandIDs.stopTasks)).toBe('Stop 2 Tasks');
    expect(commands.isEnabled(CommandIDs.stopTasks)).toBe(true);
  });

  it('asks before it takes out, and says what goes', async () => {
    const asking = commands.execute(CommandIDs.removeTasks, { tasks: [TRAINED, RUNNING, READY] });
    const node = await opened();
    expect(node.textContent).toContain('Take out 3 tasks?');
    expect(node.textContent).toContain(`1 task is trained: ${TRAINED}.`);
    expect(node.textContent).toContain(`1 task is trained in part: ${RUNNING}.`);
    expect(node.textContent).toContain('Together they have trained for');
    expect(node.textContent).toContain('1 task trains now: it is ended at once, and saves nothing.');
    expect(node.textContent).toContain('/home/ada/digits/.saturn/quickstart/archive');
    press(node, 'Keep');
    await asking;
    expect(store.sent).toEqual([]);
    const again = commands.execute(CommandIDs.removeTasks, { tasks: [READY] });
    const second = await opened();
    expect(second.textContent).toContain('Nothing of it was trained.');
    press(second, 'Take out');
    await again;
    expect(store.sent).toEqual([['tasks.remove', { tasks: [READY] }]]);
  });

  it('asks before it takes out all, with how many are trained', async () => {
    const asking = commands.execute(CommandIDs.reset);
    const node = await opened();
    expect(node.textContent).toContain('Take out all of 13 tasks?');
    expect(node.textContent).toContain('1 task is trained');
    press(node, 'Take out all');
    await asking;
    expect(store.sent).toEqual([['reset', {}]]);
  });

  it('makes clones of what was edited, once that makes sense', async () => {
    const asking = commands.execute(CommandIDs.cloneTasks, { tasks: [READY] });
    const node = await opened();
    expect(node.textContent).toContain('would train the same');
    press(node, 'Clone');
    expect(dialog()).not.toBeNull();
    write(node, 'lr', '1e-4');
    await vi.waitFor(() => expect(node.textContent).toContain('digits-mlp-32-1e-3-lr=0.0001'));
    press(node, 'Clone');
    await asking;
    expect(store.sent).toEqual([
      ['tasks.clone', { task: READY, params: { lr: 0.0001 }, weights: 'scratch' }]
    ]);
  });

  it('stops at the first clone that the engine refuses', async () => {
    store.accepts = false;
    const asking = commands.execute(CommandIDs.cloneTasks, { tasks: [READY, 'digits-mlp-32-3e-3'] });
    const node = await opened();
    write(node, 'Seed', '5');
    await vi.waitFor(() => expect(node.textContent).toContain('seed=5'));
    press(node, 'Clone');
    expect(await asking).toBe(false);
    expect(store.sent).toHaveLength(1);
  });

  it('offers to undo what is asked of the plan', async () => {
    store.set({
      state: {
        ...runningState(),
        tasks: runningState().tasks.map(task =>
          task.spec.name === READY ? { ...task, wishes: { weight: 2 } } : task
        )
      }
    });
    const asking = commands.execute(CommandIDs.setPriority, { tasks: [READY, RUNNING] });
    const node = await opened();
    write(node, 'How much an early end counts', '5');
    await new Promise(resolve => setTimeout(resolve, 20));
    press(node, 'Set');
    await asking;
    expect(store.sent).toEqual([
      ['wishes.set', { tasks: [{ tasks: [READY, RUNNING], set: { weight: 5 } }] }]
    ]);
    const [notice] = Notification.manager.notifications.slice(-1);
    notice?.options.actions?.[0]?.callback(new MouseEvent('click'));
    expect(store.sent[1]).toEqual([
      'wishes.set',
      {
        tasks: [
          { tasks: [READY], set: { weight: 2 } },
          { tasks: [RUNNING], clear: ['weight'] }
        ]
      }
    ]);
  });

  it('selects what is compared, and shows its curves', async () => {
    const asked: string[] = [];
    selection.asked.connect((_, what) => void asked.push(what));
    await commands.execute(CommandIDs.compareTasks, { tasks: [TRAINED, RUNNING] });
    expect(selection.tasks).toEqual([TRAINED, RUNNING]);
    expect(asked).toEqual(['curves']);
  });

  it('copies names', async () => {
    const copy = vi.spyOn(Clipboard, 'copyToSystem').mockImplementation(() => undefined);
    await commands.execute(CommandIDs.copyTaskNames, { tasks: [TRAINED, RUNNING] });
    expect(copy).toHaveBeenCalledWith(`${TRAINED}\n${RUNNING}`);
    copy.mockRestore();
  });

  it('downloads the tasks and columns that are named', async () => {
    const saved: [string, string][] = [];
    const blobs: Blob[] = [];
    vi.stubGlobal(
      'URL',
      Object.assign(URL, {
        createObjectURL: (blob: Blob) => `blob:${blobs.push(blob)}`,
        revokeObjectURL: () => undefined
      })
    );
    const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
      this: HTMLAnchorElement
    ) {
      saved.push([this.download, this.href]);
    });
    await commands.execute(CommandIDs.exportTasks, {
      tasks: [RUNNING, TRAINED],
      columns: ['name', 'state', 'param:lr', 'gone']
    });
    click.mockRestore();
    vi.unstubAllGlobals();
    expect(saved).toEqual([['quickstart-table.csv', 'blob:1']]);
    const text = await new Promise(resolve => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsText(blobs[0] as Blob);
    });
    expect(text).toBe(`task,status,params.lr\r\n${RUNNING},running,0.001\r\n${TRAINED},finished,0.001\r\n`);
  });

  it('takes all commands away when disposed', () => {
    added.dispose();
    expect(commands.listCommands()).toEqual([]);
  });
});
