import { describe, expect, it } from 'vitest';
import { PlottedCurveMemory } from '../../../../src/core/view/detail/plottedCurveMemory.js';
import type { Curve } from '../../../../src/core/wire/messages.js';
import { runningSession } from '../sessionStates.js';

const [first, second] = runningSession(10_000).tasks;
const tasks = new Map([first!, second!].map(task => [task.spec.name, task]));
const LOOK = { axis: 'step', smoothing: 0, log: false } as const;

const curve = (task: string): Curve => ({
  task,
  metrics: ['loss'],
  steps: [1, 2],
  values: [1, 0.5],
  times: [1, 2],
  segments: [],
  last: 2,
  edition: 'one'
});

describe('PlottedCurveMemory', () => {
  const [a, b] = [curve(first!.spec.name), curve(second!.spec.name)];

  it('makes nothing anew when nothing is other, whatever else its tasks say', () => {
    const memory = new PlottedCurveMemory();
    const before = memory.plot([a, b], tasks, LOOK);
    const later = new Map([...tasks].map(([name, task]) => [name, { ...task, checkpointStep: 1 }]));
    expect(memory.plot([a, b], later, LOOK)).toBe(before);
  });

  it('makes anew only the curve that is longer', () => {
    const memory = new PlottedCurveMemory();
    const before = memory.plot([a, b], tasks, LOOK);
    const after = memory.plot([a, { ...b }], tasks, LOOK);
    expect([after === before, after[0] === before[0], after[1] === before[1]]).toEqual([false, true, false]);
  });

  it('makes all anew for another axis', () => {
    const memory = new PlottedCurveMemory();
    const before = memory.plot([a], tasks, LOOK);
    expect(memory.plot([a], tasks, { ...LOOK, axis: 'sample' })[0]).not.toBe(before[0]);
  });

  it('forgets what is not asked for', () => {
    const memory = new PlottedCurveMemory();
    expect(memory.plot([a, b], tasks, LOOK)).toHaveLength(2);
    expect(memory.plot([b], tasks, LOOK).map(({ task }) => task)).toEqual([b.task]);
  });
});
