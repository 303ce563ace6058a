import { describe, expect, it } from 'vitest';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import { asha } from '../../../src/core/session/stopRules/asha.js';
import { median } from '../../../src/core/session/stopRules/median.js';
import type { IStopRule } from '../../../src/core/session/stopRules/stopRule.js';
import type { StopRule } from '../../../src/core/wire/messages.js';

const POINTS = 54;
const STEPS = 81;
const DEVICES = 4;
const NOISE = 0.02;
const SEEDS = 20;

interface IPoint {
  /** Its loss after all steps, without noise. */
  readonly end: number;
  readonly at: (step: number) => number;
}

/** Points of a sweep: most are bad, few are good, and those that are good are soon better. */
function points(random: Random): IPoint[] {
  return Array.from({ length: POINTS }, () => {
    const floor = 0.1 + 0.9 * random() ** 0.7;
    const speed = 0.6 + 0.8 * random();
    const curve = (step: number): number => floor + (1.5 - floor) * (1 + step) ** -speed;
    return { end: curve(STEPS), at: step => curve(step) + NOISE * normal(random) };
  });
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** What a sweep costs and finds under a rule, on four devices that take the next point when one is over. */
function swept(
  rule: IStopRule,
  numbers: StopRule,
  seed: number
): { share: number; regret: number; ends: number } {
  const all = points(mulberry32(seed));
  const first = Math.ceil(STEPS * rule.firstShare - 1e-9);
  const rungs: number[] = [];
  for (let at = first; at < STEPS; at = rule.next(at, first, numbers)) {
    rungs.push(Math.round(at));
  }
  const told = new Map<number, number[]>(rungs.map(rung => [rung, []]));
  const clocks = Array.from({ length: DEVICES }, () => ({ time: 0, point: -1, step: 0, best: -Infinity }));
  let next = 0;
  let made = 0;
  const ended: { seen: number; point: IPoint }[] = [];
  for (;;) {
    for (const device of clocks.filter(({ point }) => point < 0)) {
      Object.assign(device, next < POINTS ? { point: next++, step: 0, best: -Infinity } : { time: Infinity });
    }
    // Each goes on to its next rung, or its end: who is there first is judged first.
    const due = (device: (typeof clocks)[0]): number =>
      device.time + (rungs.find(rung => rung > device.step) ?? STEPS) - device.step;
    const device = clocks.reduce((a, b) => (due(b) < due(a) ? b : a));
    if (device.time === Infinity) {
      break;
    }
    const to = rungs.find(rung => rung > device.step) ?? STEPS;
    made += to - device.step;
    device.time += to - device.step;
    device.step = to;
    const point = all[device.point]!;
    const seen = point.at(to);
    if (to === STEPS) {
      ended.push({ seen, point });
      device.point = -1;
      continue;
    }
    const others = told.get(to)!;
    device.best = Math.max(device.best, -seen);
    const stops = rule.stops({ score: -seen, best: device.best, others }, numbers);
    others.push(-seen);
    if (stops) {
      device.point = -1;
    }
  }
  const winner = ended.reduce((a, b) => (b.seen < a.seen ? b : a)).point;
  const best = Math.min(...all.map(({ end }) => end));
  return { share: made / (POINTS * STEPS), regret: winner.end - best, ends: ended.length };
}

function means(rule: IStopRule, numbers: StopRule): { share: number; regret: number; ends: number } {
  const all = Array.from({ length: SEEDS }, (_, seed) => swept(rule, numbers, seed + 1));
  const mean = (of: (one: (typeof all)[0]) => number): number =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length;
  return { share: mean(one => one.share), regret: mean(one => one.regret), ends: mean(one => one.ends) };
}

describe('54 points of 81 steps on four devices', () => {
  it('take asha about 0.15 of the steps, at a regret that noise hides', () => {
    const { share, regret, ends } = means(asha, { kind: 'asha' });
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.2);
    expect(regret).toBeLessThanOrEqual(0.01);
    expect(ends).toBeLessThan(9);
  });

  it('take the median rule about half of them, at none', () => {
    const { share, regret, ends } = means(median, { kind: 'median' });
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.6);
    expect(regret).toBeLessThanOrEqual(0.005);
    expect(ends).toBeLessThan(30);
  });
});
