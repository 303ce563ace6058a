import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { sharePercent } from '../../../../src/core/view/format/format.js';
import { bestTasks } from '../../../../src/core/view/results/best.js';
import { taskShare } from '../../../../src/core/view/status/progressShare.js';
import { timesLeft } from '../../../../src/core/view/status/timeLeft.js';
import { taskColumns } from '../../../../src/core/view/taskTable/taskColumns.js';
import { type ITaskRow, taskRows } from '../../../../src/core/view/taskTable/taskRow.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { EPOCH, finishedState, plannedState, runningState } from '../../../fixtures/sessionStates.js';

const NOW = EPOCH + 20;

/** What a column says, task by task. */
function column(state: SessionState, id: string, now = NOW): Record<string, string> {
  const found = taskColumns(state, now, ENGLISH).find(one => one.id === id)!;
  return Object.fromEntries(taskRows(state, now).rows.map(row => [row.task.spec.name, found.cell(row).text]));
}

describe('taskRows', () => {
  it('has a row a task, with what the plan and the devices say of it', () => {
    const { rows } = taskRows(runningState(), NOW);
    const of = (name: string): ITaskRow => rows.find(({ task }) => task.spec.name === name)!;
    expect(rows).toHaveLength(13);
    const running = of('digits-vit-64-1e-3');
    expect(running.task.status).toBe('running');
    expect(running.planned).toMatchObject({ strategy: { technique: 'ddp' }, devices: ['cpu0', 'cpu1'] });
    const left = timesLeft(runningState(), NOW).get('digits-vit-64-1e-3')!;
    expect(running.left).toBe(Math.ceil(left));
    expect(running.deviceSeconds).toBeCloseTo(2 * running.took!, 9);
    expect(of('digits-rnn-32-1e-3')).toMatchObject({ planned: undefined, left: undefined, took: undefined });
  });

  it('keeps every row, and the list, while nothing is other', () => {
    const state = runningState();
    const before = taskRows(state, NOW);
    expect(taskRows({ ...state, rev: 91 }, NOW, before).rows).toBe(before.rows);
  });

  it('tells the best of several, as all other places do', () => {
    const best = (state: SessionState) =>
      taskRows(state, NOW).rows.flatMap(({ task, isBest }) => (isBest ? [task.spec.name] : []));
    const state = finishedState();
    expect(best(state)).toEqual(bestTasks(state, 1, ENGLISH).tasks.map(({ task }) => task));
    expect(best(runningState())).toEqual([]); // one alone is trained
    expect(best(plannedState())).toEqual([]);
  });

  it('makes a new row of a task that is other, and leaves the rest', () => {
    const state = { ...finishedState(), goal: 'none' as const };
    const before = taskRows(state, NOW);
    const tasks = state.tasks.map((task, i) => (i === 3 ? { ...task } : task));
    const after = taskRows({ ...state, tasks }, NOW + 60, before);
    expect(after.rows.map((row, i) => row === before.rows[i]).filter(same => !same)).toHaveLength(1);
    expect(after.rows[3]).not.toBe(before.rows[3]);
  });

  it('does not draw what was over anew because a plan came that says the same of it', () => {
    const state = finishedState();
    const before = taskRows(state, NOW);
    const plan = state.plan && { ...state.plan, fresh: false };
    expect(taskRows({ ...state, plan }, NOW, before).rows).toBe(before.rows);
  });

  it('an attempt that was lost with its engine takes no more time', () => {
    const state = runningState();
    const lost = state.tasks.map(task =>
      task.status === 'running' ? { ...task, status: 'stopped' as const } : task
    );
    const took = (now: number) =>
      taskRows({ ...state, tasks: lost }, now).rows.find(row => row.task.status === 'stopped')!.took;
    expect(took(NOW)).toBe(took(NOW + 3600));
  });
});

describe('taskColumns', () => {
  it('has a column for each parameter of the sweep, and for what tasks were found to be', () => {
    expect(taskColumns(runningState(), NOW, ENGLISH).map(({ id }) => id)).toEqual([
      'name',
      'state',
      'best:accuracy',
      'progress',
      'left',
      'sweep',
      'param:model',
      'param:batch_size',
      'param:lr',
      'seed',
      'loss',
      'metric:accuracy',
      'rate',
      'step-time',
      'strategy',
      'devices',
      'node',
      'planned',
      'took',
      'device-seconds',
      'wishes',
      'origin',
      'batch',
      'parameters',
      'attempts'
    ]);
  });

  it('writes a parameter in the digits that were meant, and whole numbers in all of theirs', () => {
    const state = plannedState();
    const [first, ...rest] = state.tasks;
    const params = { lr: 0.1 + 0.2, seeds: 1_234_567_891 };
    const tasks = [{ ...first!, spec: { ...first!.spec, params } }, ...rest];
    const [row] = taskRows({ ...state, tasks }, NOW).rows;
    const cell = (id: string) =>
      taskColumns({ ...state, tasks }, NOW, ENGLISH)
        .find(column => column.id === id)!
        .cell(row!);
    expect(cell('param:lr')).toEqual({ text: '0.3', title: '0.30000000000000004' });
    expect(cell('param:seeds')).toEqual({ text: '1234567891' });
  });

  it('hides what says the same of all tasks until somebody wants it', () => {
    const hidden = taskColumns(runningState(), NOW, ENGLISH).filter(({ isUsual }) => !isUsual);
    expect(hidden.map(({ id }) => id)).toEqual([
      'sweep',
      'seed',
      'step-time',
      'node',
      'wishes',
      'origin',
      'batch',
      'parameters',
      'attempts'
    ]);
  });

  it('tells the loss first where nothing else tells which is best', () => {
    const tasks = plannedState().tasks;
    const [, , third] = taskColumns({ ...plannedState(), tasks }, NOW, ENGLISH);
    expect(third?.id).toBe('loss');
  });

  it.each([
    ['state', { 'digits-vit-32-1e-3': 'trained', 'digits-vit-32-3e-3': 'failed' }],
    [
      'progress',
      { 'digits-vit-32-1e-3': '100 %', 'digits-vit-64-1e-3': '50 %', 'digits-mlp-32-1e-3': '0 %' }
    ],
    ['loss', { 'digits-vit-32-1e-3': '0.1840', 'digits-vit-32-3e-3': 'not a number' }],
    ['metric:accuracy', { 'digits-vit-32-1e-3': '0.9530', 'digits-vit-64-1e-3': '–' }],
    ['rate', { 'digits-vit-64-1e-3': '771', 'digits-rnn-32-1e-3': '–' }],
    ['strategy', { 'digits-vit-64-1e-3': 'ddp x2', 'digits-mlp-32-1e-3': 'single x1' }],
    ['left', { 'digits-vit-64-1e-3': '8 s', 'digits-vit-32-1e-3': '–' }]
  ])('%s', (id, expected) => {
    expect(column(runningState(), id)).toMatchObject(expected);
  });

  it('never says that a task is done before it is', () => {
    const state = runningState();
    const tasks = state.tasks.map(task =>
      task.status === 'running' ? { ...task, progress: { ...task.progress, step: 44 } } : task
    );
    expect(column({ ...state, tasks }, 'progress')['digits-vit-64-1e-3']).toBe('99 %');
  });

  it('tells how far a task is as it is told everywhere', () => {
    const state = runningState();
    const tasks = state.tasks.map(task =>
      task.status === 'running' && task.inspection
        ? {
            ...task,
            progress: { ...task.progress, step: 756 },
            inspection: { ...task.inspection, steps: 1000 }
          }
        : task
    );
    const running = tasks.find(({ status }) => status === 'running')!;
    const told = column({ ...state, tasks }, 'progress')[running.spec.name];
    expect([told, sharePercent(taskShare(running), ENGLISH)]).toEqual(['75 %', '75 %']);
  });

  it('tells of the first steps in as few characters as of others, which are not cut off', () => {
    const state = runningState();
    const tasks = state.tasks.map(task =>
      task.status === 'running'
        ? {
            ...task,
            progress: { step: 4 },
            inspection: task.inspection && { ...task.inspection, steps: 5000 }
          }
        : task
    );
    expect(column({ ...state, tasks }, 'progress')['digits-vit-64-1e-3']).toBe('<1 %');
  });

  it('tells the best value, by the better end, and its step', () => {
    const state = finishedState();
    const [first] = state.tasks;
    const tasks = [
      {
        ...first!,
        validations: [
          { step: 10, metrics: { accuracy: 0.7, loss: 0.9 } },
          { step: 20, metrics: { accuracy: 0.9, loss: 0.4 } },
          { step: 30, metrics: { accuracy: 0.8, loss: null } }
        ],
        result: { loss: 0.2, metrics: { accuracy: 0.85, loss: 0.5 } }
      }
    ];
    const columns = taskColumns({ ...state, tasks }, NOW, ENGLISH);
    const [row] = taskRows({ ...state, tasks }, NOW).rows;
    const cell = (id: string) => columns.find(one => one.id === id)!.cell(row!);
    expect(cell('metric:accuracy').text).toBe('0.8500');
    expect(cell('best:accuracy')).toEqual({ text: '0.9000', title: 'at step 20' });
    expect(cell('best:loss')).toEqual({ text: '0.4000', title: 'at step 20' });
    expect(columns.find(({ id }) => id === 'best:accuracy')?.isUsual).toBe(true);
    expect(columns.find(({ id }) => id === 'best:loss')?.isUsual).toBe(false);
  });

  it('says of what is only planned that it is', () => {
    const state = plannedState();
    const columns = taskColumns(state, NOW, ENGLISH);
    const [row] = taskRows(state, NOW).rows;
    expect(columns.find(({ id }) => id === 'strategy')!.cell(row!)).toMatchObject({
      tone: 'muted',
      spoken: '(as planned)'
    });
  });
});
