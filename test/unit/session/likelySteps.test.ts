import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { expectedSteps } from '../../../src/core/session/stopRules/likelySteps.js';
import type { StopRule, SweepSpec } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

describe('the steps that are likely to be made', () => {
  it('are fewer with each rung that is ahead', () => {
    expect(expectedSteps(0, 81, [], 1 / 3)).toBe(81);
    expect(expectedSteps(0, 81, [9, 27], 1 / 3)).toBeCloseTo(9 + 18 / 3 + 54 / 9);
    expect(expectedSteps(5, 81, [9, 27], 1 / 3)).toBeCloseTo(4 + 18 / 3 + 54 / 9);
    expect(expectedSteps(9, 81, [27], 1 / 3)).toBeCloseTo(18 + 54 / 3);
    expect(expectedSteps(27, 81, [], 1 / 3)).toBe(54);
  });

  it('count a rung whose answer is still to come', () => {
    expect(expectedSteps(10, 81, [9, 27], 1 / 3)).toBeCloseTo(17 / 3 + 54 / 9);
  });

  it('are some, no more than are left, and more once a rung is passed', () => {
    const rungs = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 6 });
    fc.assert(
      fc.property(rungs, fc.double({ min: 0.1, max: 1, noNaN: true }), (steps, share) => {
        const ladder = steps.sort((a, b) => a - b);
        const likely = (done: number, ahead: number[]) => expectedSteps(done, 100, ahead, share);
        expect(likely(0, ladder)).toBeGreaterThan(0);
        expect(likely(0, ladder)).toBeLessThanOrEqual(100);
        for (const rung of ladder) {
          const later = ladder.filter(step => step > rung);
          expect(likely(rung, later)).toBeGreaterThanOrEqual(likely(rung, [rung, ...later]));
          expect(likely(rung, later)).toBeLessThanOrEqual(100 - rung);
        }
      })
    );
  });
});

function swept(stop: StopRule): SessionHarness {
  const sim = new SessionHarness();
  const sweep: SweepSpec = { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop };
  sim.connect(1);
  sim.feed({ kind: 'tasks-added', tasks: ['a', 'b'].map(name => spec(name)), sweep });
  for (const task of ['a', 'b']) {
    sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('sig', 81) } });
  }
  const strategy = { technique: 'single', devices: 1 };
  const cell = { signature: 'sig', strategy, status: 'ok', source: 'measured' } as const;
  sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, stepSeconds: 1, startSeconds: 1 }] });
  return sim;
}

const asked = (sim: SessionHarness) =>
  planRequest(sim.session.state, sim.time).tasks.map(({ name, steps, likely }) => [name, steps, likely]);

describe('what the planner is asked', () => {
  it('has all steps, and how many of them are likely', () => {
    const sim = swept({ kind: 'asha', eta: 3, first: 9 });
    expect(asked(sim)).toEqual([
      ['a', 81, 21],
      ['b', 81, 21]
    ]);
    sim.feed({ kind: 'run-requested' });
    const [first, second] = [1, 2].map(loss => {
      for (const command of sim.take('plan')) {
        sim.perform(command);
      }
      const { task, attempt } = sim.take('start')[0]!.body;
      sim.group(task.name, attempt, 'started', { step: 0 });
      sim.group(task.name, attempt, 'step', { step: 9 });
      sim.group(task.name, attempt, 'rung', { step: 9, loss });
      sim.group(task.name, attempt, 'checkpoint', { step: 9 });
      sim.group(task.name, attempt, 'stopped', { step: 9 });
      return task.name;
    });
    // The first has waited for the second to come there, which is no better.
    expect(first).not.toBe(second);
    expect(asked(sim)).toEqual([[first, 72, 18 + 54 / 3]]);
  });

  it('has no rule where there is none', () => {
    expect(asked(swept({ kind: 'asha', eta: 3, first: 90 }))).toEqual([
      ['a', 81, undefined],
      ['b', 81, undefined]
    ]);
  });
});
