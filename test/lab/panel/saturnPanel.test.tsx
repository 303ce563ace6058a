import { MessageLoop } from '@lumino/messaging';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plan as solve } from '../../../src/core/planner/plan.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { parseTaskCell } from '../../../src/lab/notebook/taskCells.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import { type IQuestion, plainQuestion } from '../../../src/lab/whatIf/whatIfQuestion.js';
import * as states from '../../fixtures/sessionStates.js';
import { variedSession } from '../../unit/view/sessionStates.js';
import { openPanel } from './panelHarness.js';

const planner: IWhatIfPlanner = {
  plan: request => solve({ ...request, budget: { iterations: 50 } }),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

const plainWith = (part: Partial<IQuestion>): IQuestion => ({
  ...plainQuestion(states.plannedState()),
  ...part
});

describe('SaturnPanel', () => {
  let ui: ReturnType<typeof openPanel>;
  const section = (name: string) => ui.find(`[data-section="${name}"]`);
  const text = (name: string) => section(name)?.textContent ?? '';
  const rows = (table: Element | null | undefined) =>
    [...(table?.querySelectorAll('tr') ?? [])].map(row => [...row.children].map(cell => cell.textContent));

  beforeEach(() => {
    ui = openPanel(planner);
  });

  afterEach(() => ui.close());

  it('has a name and a role', () => {
    expect(ui.panel.node.getAttribute('role')).toBe('region');
    expect(ui.panel.node.getAttribute('aria-label')).toBe('Saturn');
  });

  describe('without a state', () => {
    it('says why and offers what helps', () => {
      ui.show({ connectionProblem: { kind: 'not-loaded' }, connected: false });
      expect(ui.find('[role="status"]')?.textContent).toContain('%saturn is not loaded');
      ui.button('Load %saturn in this notebook').click();
      ui.show({ connectionProblem: { kind: 'not-attached', session: 'quickstart' } });
      ui.button('Attach').click();
      expect(ui.store.did).toEqual(['load', 'attach']);
      expect(ui.all('[data-section]')).toEqual([]);
    });

    it('still shows the task cells of the notebook', () => {
      const cell = parseTaskCell('cell-1', states.SWEEP_SOURCE);
      ui.show({ connectionProblem: { kind: 'no-kernel' }, cells: cell ? [cell] : [] });
      expect(text('tasks')).toContain('12 tasks');
      expect(text('tasks')).toContain('not run yet');
    });
  });

  it('keeps the last state under a strip while the kernel restarts', () => {
    ui.show({
      state: states.runningState(),
      connectionProblem: { kind: 'kernel-restarting' },
      connected: false
    });
    expect(ui.find('.jp-SaturnAbsence.jp-mod-strip')?.textContent).toContain('Training goes on');
    expect(ui.all('[data-section]')).toHaveLength(6);
    expect(ui.button('Stop').disabled).toBe(true);
  });

  it('shows a failure until it is dismissed', () => {
    ui.show({ state: states.emptyState(), failure: { code: 'x', message: 'It broke.', hint: 'Mend it.' } });
    expect(ui.find('[role="alert"]')?.textContent).toContain('It broke.Mend it.');
    act(() => ui.button('Dismiss').click());
    expect(ui.find('[role="alert"]')).toBeNull();
  });

  describe('tasks', () => {
    it('lists all with their status', () => {
      ui.show({ state: states.runningState() });
      const statuses = ui.all('.jp-SaturnTasks-item .jp-SaturnStatus').map(node => node.textContent);
      expect(statuses).toHaveLength(13);
      expect(statuses.filter(status => status === '✓ trained')).toHaveLength(1);
      expect(statuses.filter(status => status === '▸ training')).toHaveLength(1);
      expect(statuses.filter(status => status === '✕ failed')).toHaveLength(1);
      expect(statuses.filter(status => status === '✕ cannot be built')).toHaveLength(1);
    });

    it('has the tasks that failed first, where they are seen', () => {
      ui.show({ state: states.runningState() });
      const statuses = ui.all('.jp-SaturnTasks-item .jp-SaturnStatus').map(node => node.textContent);
      expect(statuses.slice(0, 2).sort()).toEqual(['✕ cannot be built', '✕ failed']);
    });

    it('is one tab stop, within which the arrow keys move', () => {
      ui.show({ state: states.runningState() });
      const press = (key: string) =>
        act(() => {
          document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        });
      const tasks = ui.all('.jp-SaturnTasks-item > details > summary');
      expect(tasks.filter(node => node.tabIndex === 0)).toEqual([tasks[0]]);
      act(() => tasks[0]?.focus());
      press('ArrowDown');
      expect(document.activeElement).toBe(tasks[1]);
      press('End');
      press('ArrowDown');
      expect(document.activeElement).toBe(tasks.at(-1));
      expect(tasks.filter(node => node.tabIndex === 0)).toEqual([tasks.at(-1)]);
      press('Home');
      press('ArrowUp');
      expect(document.activeElement).toBe(tasks[0]);
    });

    it('opens what failed: message and hint; its traceback is told elsewhere, once', () => {
      ui.show({ state: states.runningState() });
      const broken = ui.find('[data-task="digits-rnn-32-1e-3"]');
      expect(broken?.querySelector('details')?.open).toBe(true);
      expect(broken?.textContent).toContain("KeyError: 'rnn'");
      expect(broken?.textContent).toContain('Correct the factory');
      expect(broken?.querySelector('pre')).toBeNull();
      expect(ui.all('pre').filter(node => node.textContent?.includes("KeyError: 'rnn'"))).toHaveLength(1);
      expect(ui.find('[data-task="digits-mlp-32-1e-3"] details')?.hasAttribute('open')).toBe(false);
    });

    it('says what can run a task, and what cannot and why', () => {
      ui.show({ state: variedSession() });
      const [item] = ui.all('.jp-SaturnTasks-item');
      expect(item?.textContent).toContain('Can run: single on 1 device; ddp, fsdp and pipeline on 2 or 4');
      expect([...(item?.querySelectorAll('li') ?? [])].map(node => node.textContent)).toContain(
        '✕ not with tensor on 4 devices: its 6 attention heads do not divide evenly over 4 devices.'
      );
    });

    it.each([
      ['the cell that made them', states.SWEEP_SOURCE, ''],
      ['an edited cell', states.SWEEP_SOURCE.replace('Task(...)', 'None'), 'edited since it ran'],
      ['a larger grid', states.SWEEP_SOURCE.replace('32,64', '32,64,128'), 'edited since it ran'],
      ['another function', states.SWEEP_SOURCE.replace('digits', 'letters'), 'not run yet']
    ])('compares the session with %s', (_, source, note) => {
      const cell = parseTaskCell('cell-1', source);
      ui.show({ state: states.plannedState(), cells: cell ? [cell] : [] });
      expect(ui.find('.jp-SaturnCells')?.textContent ?? '').toContain(note);
      expect(ui.find('.jp-SaturnCells') === null).toBe(note === '');
    });

    it('lists the first of many, and says where all are', () => {
      const [task] = states.plannedState().tasks;
      const tasks = Array.from({ length: 303 }, (_, i) => ({
        ...task!,
        spec: { ...task!.spec, name: `t-${i}` }
      }));
      ui.show({ state: { ...states.plannedState(), tasks } });
      expect(ui.all('.jp-SaturnTasks-item')).toHaveLength(20);
      expect(ui.button('and 283 more, in the dashboard')).toBeDefined();
    });
  });

  describe('profile', () => {
    it('has a row for each technique of tasks of equal speed, the fastest marked', () => {
      ui.show({ state: states.plannedState() });
      const table = section('profile')?.querySelector('table');
      expect(rows(table).slice(0, 5)).toEqual([
        ['Technique', '1 device', '2 devices'],
        ['mlp batch_size=32'],
        ['single', '4 ms (fastest)± 0.12 ms, 307 MiB', '–'],
        ['ddp', '–', '5 ms± 0.15 ms, 410 MiB'],
        ['fsdp', '–', '9 ms± 0.27 ms, 512 MiB']
      ]);
      expect(rows(table)).toHaveLength(1 + 6 * 4);
      expect(rows(table).at(-1)).toEqual(['fsdp', '–', '✕ out of memory']);
    });

    it('shows how far the trials are', () => {
      ui.show({ state: states.profilingState() });
      expect(section('profile')?.querySelector('[role="progressbar"]')?.getAttribute('aria-valuetext')).toBe(
        '9 of 12 trials'
      );
      expect(text('profile')).toContain('▸ measuring');
      expect(text('profile')).toContain('… waiting');
    });

    it('tells every state of a strategy by words', () => {
      ui.show({ state: variedSession() });
      const table = section('profile')?.querySelector('table');
      expect(rows(table).slice(2)).toEqual([
        ['single', '↺ 400 ms (earlier session)± 8 ms, 2.79 GiB', 'not possible', 'not possible'],
        ['ddp', '–', '240 ms (fastest)± 4.8 ms, 2.79 GiB', '≈ 140 ms (estimated)(120 ms to 200 ms)'],
        ['fsdp', '–', '✕ out of memory', '▸ measuring'],
        ['fsdp checkpointing', '–', '… waiting', 'left out'],
        ['tensor', '–', '✕ failed', 'not possible'],
        [expect.stringMatching(/^2 more: 1 not measured, 1 not possible/)]
      ]);
    });

    it('folds what has no numbers, and opens it', () => {
      ui.show({ state: { ...variedSession(), profiled: true } });
      const folded = section('profile')?.querySelector('.jp-SaturnTable details');
      expect(folded?.querySelector('summary')?.textContent).toBe('2 more: 1 not needed, 1 not possible');
      expect([...(folded?.querySelectorAll('li') ?? [])].map(item => item.textContent)).toEqual([
        'pipeline schedule=1f1b micro_batches=4: not needed',
        'hsdp: not possible'
      ]);
    });

    it('says why, where the keyboard goes too', () => {
      ui.show({ state: variedSession() });
      const reasons = [...(section('profile')?.querySelectorAll('.jp-SaturnFold li') ?? [])];
      expect(reasons.map(node => node.textContent)).toContain(
        'fsdp x4 fits, and is faster. (fsdp checkpointing x4)'
      );
      const failure = section('profile')?.querySelector('.jp-SaturnFailure');
      expect(failure?.textContent).toContain('digits under tensor x2');
      expect(failure?.querySelector('pre')?.textContent).toContain('the ranks disagree');
    });

    it('says that trials are being chosen', () => {
      ui.show({ state: { ...variedSession(), trials: [] } });
      expect(text('profile')).toContain('choosing trials');
      expect(text('profile')).toContain('looking which other could change the plan');
    });
  });

  describe('plan', () => {
    it('draws the schedule and says how good it is', () => {
      ui.show({ state: states.plannedState() });
      expect(section('plan')?.querySelectorAll('svg [data-kind="planned"]')).toHaveLength(12);
      expect(text('plan')).toContain('At most 3.1 % above the best possible');
      const rules = rows(section('plan')?.querySelector('.jp-SaturnBaselines'));
      expect(rules.map(row => row[0])).toEqual([
        'this plan',
        'optimus-dynamic',
        'min',
        'random',
        'max',
        'current-practice'
      ]);
      expect(rules.map(row => row[2])).toEqual([
        '',
        ...['9', '18', '35', '42', '42'].map(more => `${more} % longer`)
      ]);
    });

    it('says when it is out of date, and which tasks it leaves out', () => {
      const state = states.plannedState();
      const stale: SessionState = {
        ...state,
        plan: state.plan && {
          ...state.plan,
          fresh: false,
          plan: {
            ...state.plan.plan,
            unplanned: [{ task: 'digits-huge', reason: 'out of memory everywhere' }]
          }
        }
      };
      ui.show({ state: stale });
      expect(text('plan')).toContain('changed since this plan was made');
      expect(text('plan')).toContain('digits-huge: out of memory everywhere');
    });

    it('answers what-if questions beside the current plan', async () => {
      ui.show({ state: states.plannedState() });
      const slider = ui.find('input[type="range"]') as HTMLInputElement;
      expect(slider.value).toBe('2');
      act(() =>
        ui.whatIf.ask(states.plannedState(), plainWith({ devices: { local: 4 }, exclude: ['fsdp'] }))
      );
      await act(() => vi.waitFor(() => expect(ui.whatIf.view.solving).toBe(false)));
      MessageLoop.flush();
      const answer = ui.find('.jp-SaturnWhatIf-answer');
      expect(answer?.textContent).toMatch(/▼ .* shorter/);
      expect(answer?.textContent).toContain('at most 2 devices at once');
      expect(answer?.querySelectorAll('svg [data-id]')).toHaveLength(12);
      expect(slider.value).toBe('4');
      act(() => ui.button('Clear').click());
      expect(ui.find('.jp-SaturnWhatIf-answer')).toBeNull();
    });
  });

  describe('the plan explained', () => {
    it('says what binds it, what each choice costs and what switching would save', () => {
      ui.show({ state: states.explainedState() });
      expect(text('plan')).toContain('Both devices are busy for 97 %');
      expect(text('plan')).toContain('would save 0.58 s (2 %), with 2 switches');
      const table = rows(ui.find('.jp-SaturnFold table'));
      expect(table[0]).toEqual(['Task', 'Instead', 'Holds until it is']);
      expect(table[2]?.slice(1)).toEqual(['single x1 as shortfsdp x2 +1 s', '4 % slower']);
      expect(ui.find('.jp-SaturnFold svg')?.getAttribute('aria-label')).toContain('3 steps');
    });

    it('shows none of it for a plan that does not say', () => {
      ui.show({ state: states.plannedState() });
      for (const part of ['.jp-SaturnFold', '.jp-SaturnList.jp-mod-warning']) {
        expect(section('plan')?.querySelector(part)).toBeNull();
      }
      expect(text('plan')).not.toContain('Changing strategies');
      expect(ui.find('.jp-SaturnBaselines button')).toBeNull();
    });

    it('puts the schedule of a simple rule under it and takes it away', () => {
      ui.show({ state: states.explainedState() });
      const chart = () => section('plan')?.querySelector('.jp-SaturnGantt svg');
      act(() => ui.button('max').click());
      MessageLoop.flush();
      expect(ui.button('max').getAttribute('aria-pressed')).toBe('true');
      expect(chart()?.querySelectorAll('[data-kind="baseline"]')).toHaveLength(12);
      expect(chart()?.textContent).toContain('max ends 41.1 s');
      act(() => ui.button('max').click());
      MessageLoop.flush();
      expect(chart()?.querySelectorAll('[data-kind="baseline"]')).toHaveLength(0);
    });

    it('says which constraints are not met and what would help', () => {
      const state = states.explainedState();
      state.plan!.plan.conflicts = [
        {
          constraint: 'deadline',
          task: 'digits-mlp-32-1e-3',
          message: 'It ends 3 s late.',
          relax: 'a deadline of 29 s',
          proven: true
        }
      ];
      ui.show({ state });
      const conflicts = ui.find('.jp-SaturnList.jp-mod-warning')?.textContent;
      expect(conflicts).toBe(
        'No plan meets this wish:deadline of digits-mlp-32-1e-3: It ends 3 s late.What would help: a deadline of 29 s'
      );
    });
  });

  it('tells the first few of many conflicts, and which are proven', () => {
    const state = states.plannedState();
    const conflict = { constraint: 'deadline', message: 'Late.' } as const;
    state.plan!.plan.conflicts = [...Array(7).fill(conflict), { ...conflict, proven: true }];
    ui.show({ state });
    const groups = ui.all('.jp-SaturnList.jp-mod-warning');
    expect(groups.map(group => group.querySelectorAll(':scope > ul > li').length)).toEqual([1, 4]);
    expect(groups[1]?.textContent).toContain('No plan was found that meets these 7 wishes:');
    expect(groups[1]?.querySelector('summary')?.textContent).toBe('and 3 more');
  });

  describe('training', () => {
    it('shows what trains, its progress and its loss', () => {
      ui.show({ state: states.runningState() });
      const bars = [...(section('run')?.querySelectorAll('[role="progressbar"]') ?? [])];
      expect(bars.map(bar => bar.getAttribute('aria-valuetext'))).toEqual(['22 of 44 steps']);
      expect(bars.map(bar => bar.getAttribute('aria-valuenow'))).toEqual(['50']);
      expect(text('run')).toContain('loss 0.7310');
      expect(text('run')).toContain('ddp x2 on cpu0, cpu1');
    });

    it('stops one task where it stands', () => {
      ui.show({ state: states.runningState() });
      const [task] = states.runningState().tasks.filter(({ status }) => status === 'running');
      const stop = ui.find(`[aria-label="Stop ${task?.spec.name}"]`) as HTMLButtonElement;
      stop.click();
      expect(ui.store.sent).toEqual([['stop', { tasks: [task?.spec.name] }]]);
    });

    it('asks to stop one task after another, and only where it is heard', () => {
      const base = states.runningState();
      const [task] = base.tasks.filter(({ status }) => status === 'running');
      const names = ['a', 'b', 'c'];
      const tasks = names.map(name => ({ ...task!, spec: { ...task!.spec, name } }));
      ui.show({ state: { ...base, tasks } });
      const stop = (name: string) => ui.find(`[aria-label="Stop ${name}"]`) as HTMLButtonElement | null;
      const disabled = () => names.map(name => stop(name)?.disabled);
      expect(disabled()).toEqual([false, false, false]);
      stop('b')?.focus();
      ui.show({ pending: new Set(['stop']) });
      expect(disabled()).toEqual([true, true, true]);
      ui.show({ pending: new Set(), connected: false });
      expect(disabled()).toEqual([true, true, true]);
      ui.show({ connected: true });
      // What is wrong, or done, is drawn at once; states alone follow at a pace.
      const left = (...names: string[]) =>
        ui.show({
          state: { ...base, tasks: tasks.filter(({ spec }) => names.includes(spec.name)) },
          pending: new Set()
        });
      left('a', 'c');
      expect(document.activeElement).toBe(stop('c'));
      stop('c')?.blur();
      left('a');
      expect(document.activeElement).toBe(document.body);
    });

    it('says in one place how far all is, weighted by time', () => {
      ui.show({ state: states.runningState() });
      const headline = ui.find('.jp-SaturnHeadline');
      const share = Number(headline?.querySelector('[role="progressbar"]')?.getAttribute('aria-valuenow'));
      expect(share).toBeGreaterThan(20);
      expect(headline?.textContent).toMatch(/^\d+ % done, about .+ left1\/13 trained, 1 running, 2 failed$/);
    });
  });

  it('shows the best few of the trained models, then all', () => {
    ui.show({ state: states.finishedState() });
    const best = [...(section('best')?.querySelectorAll('.jp-SaturnBest li') ?? [])];
    expect(best.map(node => node.textContent)).toEqual([
      'digits-vit-64-3e-30.9600',
      'digits-vit-64-1e-30.9500',
      'digits-vit-32-3e-30.9400',
      'digits-vit-32-1e-30.9300',
      'digits-cnn-64-3e-30.9200'
    ]);
    expect(text('best')).toContain('accuracy');
    const board = rows(section('best')?.querySelector('table'));
    expect(board).toHaveLength(13);
    expect(board[0]).toEqual(['Task', 'accuracy', 'Training loss', 'Took']);
  });

  it('folds sections away and says so', () => {
    ui.show({ state: states.plannedState() });
    const header = section('profile')?.querySelector('button') as HTMLButtonElement;
    act(() => header.click());
    expect(header.getAttribute('aria-expanded')).toBe('false');
    expect(section('profile')?.querySelector('table')).toBeNull();
  });

  it('shows notices, newest first', () => {
    const notices = ['first', 'second'].map(message => ({ code: 'trouble', message }));
    ui.show({ state: { ...states.emptyState(), notices } });
    expect(ui.all('[data-section="attention"] .jp-SaturnFailure').map(node => node.textContent)).toEqual([
      'second',
      'first'
    ]);
  });

  it('takes everything with it when disposed, also the chart', () => {
    ui.show({ state: states.runningState() });
    const { node } = ui.panel;
    ui.close();
    expect(node.querySelector('svg')).toBeNull();
    expect(ui.whatIf.isDisposed).toBe(true);
    expect(() => ui.store.set({ state: states.finishedState() })).not.toThrow();
  });
});
