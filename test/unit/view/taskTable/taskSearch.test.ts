import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { columnMean, groupCell, rowGroups } from '../../../../src/core/view/taskTable/rowGroups.js';
import { statusCounts, statusGroup } from '../../../../src/core/view/taskTable/statusGroup.js';
import { compareValues } from '../../../../src/core/view/taskTable/taskColumn.js';
import { taskColumns } from '../../../../src/core/view/taskTable/taskColumns.js';
import { taskCsv } from '../../../../src/core/view/taskTable/taskCsv.js';
import { taskRows } from '../../../../src/core/view/taskTable/taskRow.js';
import { foundRows } from '../../../../src/core/view/taskTable/taskSearch.js';
import type { SessionState, TaskState } from '../../../../src/core/wire/messages.js';
import { EPOCH, finishedState, runningState } from '../../../fixtures/sessionStates.js';

const NOW = EPOCH + 20;

const parts = (state: SessionState) => ({
  rows: taskRows(state, NOW).rows,
  columns: taskColumns(state, NOW, ENGLISH)
});

describe('foundRows', () => {
  const { rows, columns } = parts(runningState());
  const find = (
    text: string,
    ...groups: Parameters<typeof foundRows>[1]['groups'] extends ReadonlySet<infer G> ? G[] : never
  ) => foundRows(rows, { text, groups: new Set(groups) }, columns).map(({ task }) => task.spec.name);

  it.each<[string, number]>([
    ['vit', 4],
    ['VIT 64', 2],
    ['lr=0.003', 6],
    ['lr=3e-3', 6],
    ['lr<3e-3', 7],
    ['lr>=0.001 model=cnn', 4],
    ['model!=cnn', 9],
    ['batch_size>32', 6],
    ['accuracy>0.9', 1],
    ['loss<0.5', 1],
    ['keyerror', 1],
    ['ddp', 3],
    ['nobody', 0],
    ['a=b=c', 0]
  ])('%s: %i tasks', (text, number) => expect(find(text)).toHaveLength(number));

  it('is the same list when nothing is looked for', () => {
    expect(foundRows(rows, { text: '  ', groups: new Set() }, columns)).toBe(rows);
  });

  it('looks for states, any of several', () => {
    expect(find('', 'failed')).toEqual(['digits-vit-32-3e-3', 'digits-rnn-32-1e-3']);
    expect(find('vit', 'failed', 'training')).toHaveLength(2);
  });
});

describe('states', () => {
  it('are counted by what people tell them apart by', () => {
    expect(statusCounts(runningState().tasks)).toEqual({
      failed: 2,
      training: 1,
      waiting: 9,
      stopped: 0,
      'given-up': 0,
      trained: 1
    });
  });

  it('one that moves trains, one that stops is stopped, or given up by its rule', () => {
    expect(statusGroup({ status: 'stopping', moving: true } as TaskState)).toBe('training');
    expect(statusGroup({ status: 'stopping' } as TaskState)).toBe('stopped');
    const givenUp = { rule: 'asha', step: 30 };
    expect(statusGroup({ status: 'stopping', givenUp } as TaskState)).toBe('given-up');
    expect(statusGroup({ status: 'stopped', givenUp } as TaskState)).toBe('given-up');
  });
});

describe('rowGroups', () => {
  const state = finishedState();
  const seeded: SessionState = {
    ...state,
    tasks: [0, 1, 2].flatMap(seed =>
      state.tasks.slice(0, 2).map((task, i) => ({
        ...task,
        spec: { ...task.spec, name: `${task.spec.name}-${seed}`, seed },
        result: { loss: 0.1, metrics: { accuracy: 0.8 + seed / 100 + i / 10 } }
      }))
    )
  };

  it('puts together what differs in the seed alone, whether that is a parameter or not', () => {
    const { rows } = parts(seeded);
    expect(rowGroups(rows, 'points', ENGLISH).map(group => [group.label, group.rows.length])).toEqual([
      ['model=mlp, batch_size=32, lr=0.001', 3],
      ['model=mlp, batch_size=32, lr=0.003', 3]
    ]);
    const inParams: SessionState = {
      ...seeded,
      tasks: seeded.tasks.map(task => ({
        ...task,
        spec: { ...task.spec, params: { ...task.spec.params, seed: task.spec.seed } }
      }))
    };
    expect(rowGroups(parts(inParams).rows, 'points', ENGLISH)).toHaveLength(2);
  });

  it('tells the mean and the spread of a sample', () => {
    const { rows, columns } = parts(seeded);
    const [group] = rowGroups(rows, 'points', ENGLISH);
    const accuracy = columns.find(({ id }) => id === 'metric:accuracy')!;
    const found = columnMean(group!.rows, accuracy)!;
    expect(found.mean).toBeCloseTo(0.81, 12);
    expect(found.spread).toBeCloseTo(0.01, 12);
    expect(groupCell(group!, accuracy, ENGLISH)).toEqual({
      text: '0.8100 ± 0.0100',
      title: 'Mean and standard deviation of 3 tasks'
    });
    expect(groupCell(group!, columns.find(({ id }) => id === 'state')!, ENGLISH).text).toBe('3 trained');
    expect(groupCell(group!, columns.find(({ id }) => id === 'param:lr')!, ENGLISH).text).toBe('0.001');
  });

  it('of one alone there is no spread, of none nothing', () => {
    const { rows, columns } = parts(seeded);
    const accuracy = columns.find(({ id }) => id === 'metric:accuracy')!;
    expect(columnMean(rows.slice(0, 1), accuracy)).toMatchObject({ spread: null, of: 1 });
    expect(columnMean([], accuracy)).toBeUndefined();
  });

  it('goes by a parameter, in the order of the rows', () => {
    const { rows } = parts(runningState());
    const labels = (from: typeof rows) => rowGroups(from, 'param:model', ENGLISH).map(({ label }) => label);
    expect(labels(rows)).toEqual(['model=mlp', 'model=cnn', 'model=vit', 'model=rnn']);
    expect(labels([...rows].reverse())).toEqual(['model=rnn', 'model=vit', 'model=cnn', 'model=mlp']);
  });
});

describe('compareValues', () => {
  it('puts numbers before texts, and numbers in texts by size', () => {
    expect(['b10', 3, 'b9', 1].sort(compareValues)).toEqual([1, 3, 'b9', 'b10']);
  });
});

describe('taskCsv', () => {
  it('has values in full, and quotes what would break a line', () => {
    const state = runningState();
    const [first] = state.tasks;
    const spec = { ...first!.spec, name: 'a', params: { lr: 0.1, text: 'a "b", c', sum: '=1+1', no: -1 } };
    const { rows, columns } = parts({ ...state, tasks: [{ ...first!, spec }] });
    const chosen = columns.filter(({ id }) => /^(name|param:.*|state|took)$/.test(id));
    expect(taskCsv(rows, chosen)).toBe(
      'task,status,params.lr,params.text,params.sum,params.no,seconds\r\na,ready,0.1,"a ""b"", c",\'=1+1,-1,\r\n'
    );
  });
});
