import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  drawnRange,
  indexAt,
  linesExtent,
  plottedCurve,
  stepsWithin,
  valueAt
} from '../../../../src/core/view/detail/plottedCurves.js';
import type { Curve } from '../../../../src/core/wire/messages.js';
import { runningSession, T0 } from '../sessionStates.js';

const [task] = runningSession(10_000).tasks;
const name = task!.spec.name;
const batch = task!.inspection!.batchSize;

/** Ten steps a point, half a second a step. */
function curve(part: Partial<Curve> = {}): Curve {
  const steps = [10, 20, 30, 40, 50];
  return {
    task: name,
    metrics: ['loss'],
    steps,
    values: [1, 0.5, null, 0.25, 0.125],
    times: steps.map(step => T0 + step / 2),
    segments: [
      {
        step: 0,
        time: T0,
        attempt: 1,
        strategy: { technique: 'single', devices: 1 },
        node: 'local',
        devices: ['cpu0']
      },
      {
        step: 15,
        attempt: 2,
        strategy: { technique: 'single', devices: 1 },
        node: 'local',
        devices: ['cpu0']
      },
      {
        step: 30,
        attempt: 3,
        strategy: { technique: 'ddp', devices: 2 },
        node: 'local',
        devices: ['cpu0', 'cpu1']
      }
    ],
    last: 50,
    edition: 'one',
    ...part
  };
}

const PLAIN = { axis: 'step', smoothing: 0, log: false } as const;

describe('plottedCurve', () => {
  it('is over steps, samples, or the time since the task began', () => {
    expect(plottedCurve(curve(), task, PLAIN).x).toEqual([10, 20, 30, 40, 50]);
    expect(plottedCurve(curve(), task, { ...PLAIN, axis: 'sample' }).x).toEqual(
      [10, 20, 30, 40, 50].map(step => step * batch)
    );
    expect(plottedCurve(curve(), task, { ...PLAIN, axis: 'time' }).x).toEqual([5, 10, 15, 20, 25]);
  });

  it('has no points along an axis that is not known', () => {
    expect(plottedCurve(curve(), undefined, { ...PLAIN, axis: 'sample' }).x).toEqual([]);
  });

  it('marks where a task goes on in another way, and not where it is only begun again', () => {
    const { switches } = plottedCurve(curve({ values: [1, 0.5, 0.4, 0.25, 0.125] }), task, PLAIN);
    expect(switches.map(({ x, y, after }) => [x, y, after.attempt])).toEqual([[30, 0.4, 3]]);
  });

  it('leaves out of a logarithmic scale what has no logarithm', () => {
    const line = plottedCurve(curve({ values: [1, 0, -1, 0.25, null] }), task, { ...PLAIN, log: true });
    expect(line.y).toEqual([1, null, null, 0.25, null]);
  });

  it('keeps the values beside their smoothed ones, and their spread only without', () => {
    const spread = curve({ low: [0, 0, 0, 0, 0], high: [2, 2, 2, 2, 2] });
    expect(plottedCurve(spread, task, PLAIN)).toMatchObject({ low: spread.low, high: spread.high });
    const line = plottedCurve(spread, task, { ...PLAIN, smoothing: 0.5 });
    expect(line).toMatchObject({ raw: spread.values });
    expect(line.low).toBeUndefined();
  });
});

describe('values where the cursor is', () => {
  const line = plottedCurve(curve(), task, PLAIN);

  it.each([
    [9, undefined],
    [10, 1],
    [29, 0.5],
    [30, undefined],
    [45, 0.25],
    [50, 0.125],
    [51, undefined]
  ])('at step %d: %s', (place, value) => expect(valueAt(line, place)).toBe(value));

  it('finds the last point at or before a place', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), fc.nat(1000), (some, place) => {
        const x = some.sort((a, b) => a - b);
        const expected = Math.max(0, x.filter(one => one <= place).length - 1);
        expect(indexAt(x, place)).toBe(expected);
      })
    );
  });
});

describe('what of lines is drawn', () => {
  const line = plottedCurve(curve(), task, PLAIN);

  it('is all of them, with room above and below', () => {
    expect(linesExtent([line])).toEqual({ from: 10, to: 50 });
    const { x, y } = drawnRange([line], null, false);
    expect(x).toEqual([10, 50]);
    expect(y[0]).toBeLessThan(0.125);
    expect(y[1]).toBeGreaterThan(1);
  });

  it('is fitted to the stretch that is looked at, and the points beside it', () => {
    const { x, y } = drawnRange([line], { from: 42, to: 48 }, false);
    expect(x).toEqual([42, 48]);
    expect(y[1]).toBeLessThan(0.3);
  });

  it('is never nothing', () => {
    expect(linesExtent([])).toBeNull();
    expect(drawnRange([], null, true).y).toEqual([0.1, 1]);
    const flat = drawnRange([{ task: 'a', x: [3], y: [0], switches: [] }], null, false);
    expect(flat.x[1]).toBeGreaterThan(flat.x[0]);
    expect(flat.y[1]).toBeGreaterThan(flat.y[0]);
  });
});

describe('stepsWithin', () => {
  const tasks = new Map([[name, task!]]);

  it('rounds steps outwards', () => {
    expect(stepsWithin({ from: 10.4, to: 20.2 }, 'step', [curve()], tasks)).toEqual({ from: 10, to: 21 });
  });

  it('spans the steps of a stretch of time, those beside it included', () => {
    expect(stepsWithin({ from: 12, to: 18 }, 'time', [curve()], tasks)).toEqual({ from: 20, to: 40 });
  });

  it('knows when no curve is there', () => {
    expect(stepsWithin({ from: 100, to: 200 }, 'time', [curve()], tasks)).toBeUndefined();
  });
});
