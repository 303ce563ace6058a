import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanRequest } from '../../../src/core/wire/messages.js';
import { validate } from '../../../src/core/wire/messages.js';
import { bruteForceWithConstraints } from './constrainedBruteForce.js';
import { constrainedRequests } from './constrainedRequests.js';
import { option, requestOf } from './planRequests.js';

async function explained(request: PlanRequest) {
  const made = await plan({ ...request, explain: true });
  validate('Plan', JSON.parse(JSON.stringify(made)));
  return { made, explanation: made.explanation };
}

/** A task of 100 s on one device, 60 s on two, 40 s on four. */
function task(name: string) {
  return { name, steps: 10, options: [option(1, 10), option(2, 6), option(4, 4)] };
}

describe('explanations under constraints', () => {
  it('tell of every planned task, and change nothing', async () => {
    for (const drawn of fc.sample(constrainedRequests(6), { numRuns: 40, seed: 21 })) {
      const request = { ...drawn, budget: { iterations: 300 } };
      const { made, explanation = { tasks: [] } } = await explained(request);
      expect(made.segments).toEqual((await plan(request)).segments);
      expect(new Set(explanation.tasks.map(({ task: name }) => name))).toEqual(
        new Set(made.segments.map(({ task: name }) => name))
      );
      for (const { alternatives } of explanation.tasks) {
        expect(alternatives.every(({ price }) => price >= 0)).toBe(true);
      }
    }
  });

  it('price strategies by what the best plan with them costs', async () => {
    const request = requestOf([4], [{ ...task('a'), deadline: 100 }, task('b'), task('c'), task('d')]);
    const { made, explanation } = await explained(request);
    const [first] = explanation!.tasks;
    for (const { strategy, makespan } of first!.alternatives) {
      const tasks = request.tasks.map(one => (one.name === 'a' ? { ...one, pin: { strategy } } : one));
      expect(makespan).toBeCloseTo(bruteForceWithConstraints({ ...request, tasks }));
    }
    expect(made.makespan).toBe(100);
    expect(first!.alternatives).toHaveLength(2);
    expect(explanation!.binding).toContain('keeps the devices');
  });

  it('leave out what cannot meet the constraints', async () => {
    const request = requestOf([4], [{ ...task('a'), deadline: 50 }, task('b')]);
    const { explanation } = await explained(request);
    expect(explanation!.tasks[0]!.strategy.devices).toBe(4);
    expect(explanation!.tasks[0]!.alternatives).toEqual([]);
  });

  it('tell how wrong an estimate may be', async () => {
    const request = requestOf(
      [2],
      [{ name: 'a', steps: 10, options: [option(1, 10), option(2, 8)], deadline: 300 }]
    );
    const { explanation } = await explained(request);
    expect(explanation!.tasks[0]!.tolerance).toBeCloseTo(0.25, 2);
    expect(explanation!.tasks[0]!.alternatives.map(({ price }) => price)).toEqual([20]);
  });

  it('say that switches are not planned together with constraints', async () => {
    const { explanation } = await explained({
      ...requestOf([2], [{ ...task('a'), deadline: 300 }]),
      switches: 'planned'
    });
    expect(explanation!.binding).toContain('Switches are not planned');
  });
});
