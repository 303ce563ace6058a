import { MessageLoop } from '@lumino/messaging';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { CommandIDs } from '../../../src/lab/commands/commandIDs.js';
import { parseTaskCell } from '../../../src/lab/notebook/taskCells.js';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import * as states from '../../fixtures/sessionStates.js';
import { keptFolds, openPanel } from './panelHarness.js';

const planner: IWhatIfPlanner = {
  plan: () => Promise.reject(new Error('Nothing is to be planned.')),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

const unmeasured = (): SessionState => ({ ...states.plannedState(), plan: undefined, cells: [] });
const unplanned = (): SessionState => ({ ...states.plannedState(), plan: undefined });
const stoppedState = (): SessionState => {
  const state = states.runningState();
  const tasks = state.tasks.map(task =>
    task.status === 'running' ? { ...task, status: 'stopped' as const } : task
  );
  return { ...state, goal: 'none', tasks };
};
const failedState = (): SessionState => {
  const state = states.finishedState();
  const error = { code: 'training-failed', message: 'It broke.' };
  const tasks = state.tasks.map((task, i) =>
    i === 0 ? { ...task, status: 'failed' as const, error } : task
  );
  return { ...state, tasks };
};

describe('the panel from phase to phase', () => {
  let ui: ReturnType<typeof openPanel>;
  let done: string[];
  let storage: ReturnType<typeof keptFolds>;
  const sections = () => ui.all('[data-section]').map(node => node.dataset.section);
  const unfolded = () =>
    ui
      .all('[data-section] > h3 > button[aria-expanded="true"]')
      .map(node => node.closest<HTMLElement>('[data-section]')?.dataset.section);
  const primary = () => ui.all('.jp-SaturnPanel-primary') as HTMLButtonElement[];
  const open = () => {
    ui = openPanel(planner, states.EPOCH + 20, storage);
    done = [];
    for (const id of [
      CommandIDs.profile,
      CommandIDs.plan,
      CommandIDs.run,
      CommandIDs.stop,
      CommandIDs.dashboard,
      CommandIDs.insertTaskCell,
      CommandIDs.runTaskCell,
      CommandIDs.showCell
    ]) {
      ui.commands.addCommand(id, {
        label: id,
        execute: args => void done.push([id, ...Object.values(args)].join(' '))
      });
    }
  };

  beforeEach(() => {
    storage = keptFolds({});
    open();
  });

  afterEach(() => ui.close());

  it.each<[string, () => SessionState, string, string]>([
    ['nothing defined', states.emptyState, 'Insert a task cell', CommandIDs.insertTaskCell],
    ['nothing measured', unmeasured, 'Measure', CommandIDs.profile],
    ['measuring', states.profilingState, 'Stop', CommandIDs.stop],
    ['measured', unplanned, 'Plan', CommandIDs.plan],
    ['planned', states.plannedState, 'Train', CommandIDs.run],
    ['training', states.runningState, 'Stop', CommandIDs.stop],
    ['stopped', stoppedState, 'Train on', CommandIDs.run],
    ['all trained', states.finishedState, 'Compare the results', CommandIDs.dashboard]
  ])('offers the one next step: %s', (_, state, label, command) => {
    ui.show({ state: state() });
    expect(primary().map(button => button.textContent)).toEqual([label]);
    primary()[0]?.click();
    expect(done).toEqual([command]);
  });

  it('tries again what failed once all else is over', () => {
    ui.show({ state: failedState() });
    expect(primary()[0]?.textContent).toBe('Try again what failed');
    primary()[0]?.click();
    expect(ui.store.sent).toEqual([['retry', {}]]);
  });

  it('runs the task cell of the notebook first', () => {
    const cell = parseTaskCell('cell-1', states.SWEEP_SOURCE);
    ui.show({ state: states.emptyState(), cells: cell ? [cell] : [] });
    primary()[0]?.click();
    expect(done).toEqual([`${CommandIDs.runTaskCell} cell-1`]);
  });

  it('leads to the cell of which no task can be built, until that is another', () => {
    const { tasks } = states.runningState();
    const refused = { ...unmeasured(), tasks: tasks.filter(({ status }) => status === 'invalid') };
    const source =
      '%%saturn task --sweep model=rnn batch_size=32 lr=1e-3\ndef digits(model, batch_size, lr):';
    refused.tasks = refused.tasks.map(task => ({ ...task, spec: { ...task.spec, source } }));
    const show = (text: string) => {
      const cell = parseTaskCell('cell-1', text);
      ui.show({ state: refused, cells: cell ? [cell] : [] });
      primary()[0]?.click();
    };
    show(source);
    show(`${source}\n    return Task(...)`.replace('lr=1e-3', 'lr=2e-3'));
    expect(done).toEqual([`${CommandIDs.showCell} cell-1`, `${CommandIDs.runTaskCell} cell-1`]);
    expect(sections()[0]).toBe('attention');
  });

  it('does not ask twice, nor out of reach', () => {
    ui.show({ state: states.plannedState(), pending: new Set(['run']) });
    expect([primary()[0]?.disabled, primary()[0]?.getAttribute('aria-busy')]).toEqual([true, 'true']);
    ui.show({ pending: new Set(), connected: false });
    expect(primary()[0]?.disabled).toBe(true);
  });

  it.each<[string, () => SessionState, string, string]>([
    ['nothing defined', states.emptyState, 'tasks', 'tasks'],
    ['planned', states.plannedState, 'tasks profile plan', 'tasks plan'],
    ['measuring', states.profilingState, 'tasks profile plan', 'tasks profile plan'],
    ['training', states.runningState, 'run attention best plan tasks profile', 'run attention best plan'],
    ['stopped', stoppedState, 'attention best plan tasks profile', 'attention best plan'],
    ['all trained', states.finishedState, 'best plan tasks profile', 'best plan']
  ])('has what matters on top, and folds the rest: %s', (_, state, order, open) => {
    ui.show({ state: state() });
    expect(sections().join(' ')).toBe(order);
    expect(unfolded().join(' ')).toBe(open);
  });

  it('draws no schedule and no long table unless asked to', () => {
    ui.show({ state: states.runningState() });
    expect(ui.all('.jp-SaturnGantt, table')).toEqual([]);
    act(() => ui.button('▸ Schedule, comparison and what-if').click());
    MessageLoop.flush();
    expect(ui.all('.jp-SaturnGantt svg')).toHaveLength(1);
  });

  it('says what the plan comes to in a line', () => {
    ui.show({ state: states.plannedState() });
    expect(ui.find('[data-section="plan"] .jp-mod-lead')?.textContent).toMatch(
      /^Finishes in .+ s, at most 3 % could be saved, 1\.4x faster than running them one by one\.$/
    );
  });

  it('remembers what was folded and unfolded, over a reload', () => {
    ui.show({ state: states.runningState() });
    const fold = (id: string) => {
      const button = ui.find(`[data-section="${id}"] > h3 > button`) as HTMLButtonElement;
      act(() => button.click());
    };
    fold('best');
    fold('tasks');
    act(() => ui.button('▸ Schedule, comparison and what-if').click());
    ui.close();
    open();
    ui.show({ state: states.runningState() });
    expect(unfolded().join(' ')).toBe('run attention plan tasks');
    expect(ui.all('.jp-SaturnGantt svg')).toHaveLength(1);
  });

  it('begins anew when what was kept is no such thing', () => {
    for (const kept of ['no JSON', 'null', '[1]', '{"plan": "yes", "best": false}']) {
      ui.close();
      storage = { ...storage, getItem: () => kept };
      open();
      ui.show({ state: states.finishedState() });
      expect(unfolded()).toContain('plan');
    }
    expect(unfolded()).not.toContain('best');
  });

  it('has a remedy beside what needs attention', () => {
    ui.show({ state: states.runningState() });
    const labels = ui
      .all('[data-section="attention"] .jp-SaturnPanel-buttons button')
      .map(node => node.getAttribute('aria-label'));
    expect(labels).toEqual([
      'Retry: digits-vit-32-3e-3',
      'Log: digits-vit-32-3e-3',
      'Go to cell: digits-rnn-32-1e-3'
    ]);
    ui.button('Retry').click();
    expect(ui.store.sent).toEqual([['retry', { tasks: ['digits-vit-32-3e-3'] }]]);
    ui.button('Go to cell').click();
    expect(done).toEqual([`${CommandIDs.showCell} cell-sweep`]);
  });

  it('shows the end of what a task that failed has printed, and leads to the rest', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n');
    ui.store.answer = type => {
      if (type === 'output.read') {
        const body = {
          text: `${lines}\n 10%|#  |\r100%|###|\n\u001b[31mred\u001b[0m\n`,
          ranks: [0],
          attempts: [1],
          cut: false,
          path: 'x'
        };
        return { v: 1, id: '1', type: 'output', body } as unknown as Incoming;
      }
      throw new Error('Nothing else is to be told.');
    };
    ui.show({ state: states.runningState() });
    await act(async () => ui.button('Log').click());
    const log = ui.find('.jp-SaturnTaskLog');
    expect(log?.querySelector('pre')?.textContent).toBe(
      [...lines.split('\n').slice(-18), '100%|###|', 'red'].join('\n')
    );
    expect(ui.button('Log').getAttribute('aria-pressed')).toBe('true');
    ui.button('All of it, in the dashboard').click();
    expect(done).toEqual([`${CommandIDs.dashboard} digits-vit-32-3e-3 log`]);
    ui.store.answer = () => {
      throw new Error('It is out of reach.');
    };
    act(() => ui.button('Log').click());
    expect(ui.find('.jp-SaturnTaskLog')).toBeNull();
    await act(async () => ui.button('Log').click());
    expect(ui.find('.jp-SaturnTaskLog pre')?.textContent).toContain('It is out of reach.');
  });

  it('keeps the other actions in a menu', () => {
    ui.show({ state: states.plannedState() });
    const button = ui.find('[aria-label="More actions"]') as HTMLButtonElement;
    expect(button.getAttribute('aria-haspopup')).toBe('menu');
    button.click();
    const items = [...document.querySelectorAll('.lm-Menu-itemLabel')].map(node => node.textContent);
    expect(items.filter(label => label !== '')).toEqual([
      CommandIDs.profile,
      CommandIDs.plan,
      CommandIDs.run,
      CommandIDs.stop,
      CommandIDs.dashboard,
      CommandIDs.insertTaskCell,
      'Export'
    ]);
  });

  it('can be walked through by key: every control is a button, a link or a summary', () => {
    ui.show({ state: states.runningState() });
    const clickable = ui.all('[role="button"], [onclick]');
    expect(clickable).toEqual([]);
    expect(ui.all('button').every(button => button.tabIndex === 0)).toBe(true);
    expect(
      ui.all('button').every(button => (button.textContent ?? '') + (button.ariaLabel ?? '') !== '')
    ).toBe(true);
  });
});
