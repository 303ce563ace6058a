import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { curveRungs } from '../../../../src/core/view/detail/curveRungs.js';
import { curveTable } from '../../../../src/core/view/detail/curveTable.js';
import { curveTasks } from '../../../../src/core/view/detail/curveTasks.js';
import { plottedCurve } from '../../../../src/core/view/detail/plottedCurves.js';
import { dimensionsOf, scaleOf, startsLog } from '../../../../src/core/view/parameters/dimensions.js';
import { taskColumns } from '../../../../src/core/view/taskTable/taskColumns.js';
import { taskCsv } from '../../../../src/core/view/taskTable/taskCsv.js';
import { taskRows } from '../../../../src/core/view/taskTable/taskRow.js';
import type { Curve } from '../../../../src/core/wire/messages.js';
import { searchedSweep } from '../../../fixtures/searchedSweep.js';

const T0 = 1_790_000_000;
const played = searchedSweep(T0);
const midway = played.at(played.seconds * 0.6);

describe('curves', () => {
  it('are of all tasks that have begun, best first, and the rungs are those that were come to', () => {
    const { tasks, note } = curveTasks(midway, [], ENGLISH);
    expect(tasks).toHaveLength(30);
    expect(tasks[0]?.spec.name).toBe('digits-0.00296-256');
    expect(note).toMatch(/cross/);
    expect(curveRungs(midway, tasks, 'step')).toEqual([30, 90, 270]);
    expect(curveRungs(midway, tasks, 'sample')).toEqual([30 * 64, 90 * 64, 270 * 64]);
    expect(curveRungs(midway, tasks, 'time')).toEqual([]);
  });

  it('end where a task was given up, which their table says', () => {
    const [given, other] = [
      midway.tasks.find(task => task.givenUp)!,
      midway.tasks.find(task => task.result)!
    ];
    const lines = [given, other].map(task => {
      const curve: Curve = {
        ...{ task: task.spec.name, metrics: ['loss'], steps: [10, 30], values: [1, null], times: [1, 2] },
        ...{ segments: [], last: 30, edition: '1' }
      };
      return plottedCurve(curve, task, { axis: 'step', smoothing: 0, log: false });
    });
    expect(lines.map(({ ending }) => ending)).toEqual([{ x: 10, y: 1 }, undefined]);
    const { columns, rows } = curveTable(lines, [10], { metric: 'loss', axis: 'step' }, ENGLISH);
    expect(columns.at(-1)?.label).toBe('Given up');
    expect(rows.map(row => 'heading' in row || row.at(-1))).toEqual(['step 10', '–']);
  });
});

describe('parameters', () => {
  it('have an axis of the whole range that is searched, by logarithm as it is', () => {
    const at = (share: number) =>
      dimensionsOf(played.at(played.seconds * share), ENGLISH).parameters.find(
        ({ id }) => id === 'param:lr'
      )!;
    const axes = [0, 0.3, 1].map(at).map(dimension => scaleOf(dimension, startsLog(dimension)));
    expect(axes.map(({ kind }) => kind)).toEqual(['log', 'log', 'log']);
    for (const axis of axes) {
      expect(axis.place(1e-5)).toBeCloseTo(0);
      expect(axis.place(1e-3)).toBeCloseTo(0.5);
      expect(axis.place(1e-1)).toBeCloseTo(1);
    }
  });

  it('are against what is compared, of tasks that are not at their end as well', () => {
    const { ranked } = dimensionsOf(midway, ENGLISH);
    expect([ranked?.id, ranked?.goal, ranked?.values.size]).toEqual(['metric:accuracy', 'max', 28]);
  });
});

describe('the table', () => {
  const columns = taskColumns(midway, T0, ENGLISH);
  const { rows } = taskRows(midway, T0);
  const cells = (id: string) => rows.map(row => columns.find(column => column.id === id)!.cell(row).text);

  it('has places, what they are by, and why tasks were given up', () => {
    expect(columns.slice(0, 4).map(({ id }) => id)).toEqual(['name', 'place', 'compared', 'state']);
    expect(cells('place').filter(text => text !== '–')).toHaveLength(28);
    expect(cells('compared')[1]).toBe('0.9778');
    expect(cells('compared')[2]).toBe('0.1717');
    expect(cells('given-up')[2]).toBe('asha: 2 of 3 after 30 steps');
    expect(cells('state')[2]).toBe('given up');
  });

  it('has the values of rungs for those who want them, also as CSV', () => {
    const rungs = columns.filter(({ id }) => id.startsWith('rung:'));
    expect(rungs.map(({ label, isUsual }) => [label, isUsual])).toEqual([
      ['step 30', false],
      ['step 90', false],
      ['step 270', false]
    ]);
    const [head, first] = taskCsv(rows, rungs).split('\r\n');
    expect([head, first]).toEqual(['rungs.30,rungs.90,rungs.270', '0.1091,0.1221,0.1393']);
  });
});
