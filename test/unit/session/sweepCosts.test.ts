import { describe, expect, it } from 'vitest';
import { asha } from '../../../src/core/session/stopRules/asha.js';
import { median } from '../../../src/core/session/stopRules/median.js';
import type { IStopRule } from '../../../src/core/session/stopRules/stopRule.js';
import type { StopRule } from '../../../src/core/wire/messages.js';
import { type IComparedSweep, STEPS, searched } from '../../bench/simulation/comparedSweep.js';

const SEEDS = 20;
const SWEEP = { points: 54, devices: 4 };

/** What a sweep costs and finds under a rule, in the mean. */
function means(rule: IStopRule, numbers: StopRule, sweep: Omit<IComparedSweep, 'seed'> = SWEEP) {
  const all = Array.from({ length: SEEDS }, (_, seed) =>
    searched(rule, numbers, { ...sweep, seed: seed + 1 })
  );
  const mean = (of: (one: (typeof all)[0]) => number): number =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length;
  return {
    time: mean(one => one.makespan),
    share: mean(one => one.steps) / (sweep.points * STEPS),
    regret: mean(one => one.regret),
    ends: mean(one => one.trained)
  };
}

/** The rule with no pause that its devices would be for. */
const stopping: IStopRule = {
  ...asha,
  judge: (comparison, numbers) => asha.judge({ ...comparison, pays: false }, numbers)
};

describe('54 points of 81 steps on four devices', () => {
  it('take asha about 0.12 of the steps, at a regret that noise hides', () => {
    const { share, regret, ends } = means(asha, { kind: 'asha' });
    expect(share).toBeGreaterThan(0.09);
    expect(share).toBeLessThan(0.15);
    expect(regret).toBeLessThanOrEqual(0.015);
    expect(ends).toBeLessThan(5);
  });

  it('take the median rule about half of them, at none', () => {
    const { share, regret, ends } = means(median, { kind: 'median' });
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.6);
    expect(regret).toBeLessThanOrEqual(0.015);
    expect(ends).toBeLessThan(30);
  });
});

it.each([
  [9, 1, 0.65],
  [27, 4, 0.95],
  [54, 4, 0.95],
  [54, 16, 1.03]
])('%i points on %i devices take no longer where asha pauses', (points, devices, most) => {
  const sweep = { points, devices, startSteps: 2, spread: 0.3 };
  const paused = means(asha, { kind: 'asha' }, sweep);
  expect(paused.time / means(stopping, { kind: 'asha' }, sweep).time).toBeLessThan(most);
  expect(paused.ends).toBeGreaterThanOrEqual(1);
});

it('promotion chooses no worse where points are few', () => {
  const sweep = { points: 9, devices: 2, startSteps: 2, spread: 0.3 };
  const paused = means(asha, { kind: 'asha' }, sweep);
  const promoted = means(asha, { kind: 'asha', promote: true }, sweep);
  expect(promoted.regret).toBeLessThanOrEqual(paused.regret);
  expect(promoted.ends).toBeGreaterThanOrEqual(1);
});
