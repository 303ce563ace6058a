import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { validAnswer } from '../../../src/core/planner/validAnswer.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { option, requestOf } from './planRequests.js';

const tasks = ['a', 'b', 'c'].map(name => ({ name, steps: 4, options: [option(1, 5, 1), option(2, 3, 1)] }));
const request = requestOf([2], tasks);

/** A plan that says its first segment is over sooner than it can be. */
function broken(made: Plan): Plan {
  const [first, ...rest] = made.segments;
  return { ...made, segments: [{ ...first!, end: first!.start + 1 }, ...rest] };
}

describe('an answer that fails the check', () => {
  it.each<[string, PlanRequest]>([
    ['plain', request],
    ['under wishes', { ...request, limits: { concurrent: 1 } }],
    ['by weighted ends', { ...request, objective: 'weighted-completion' }]
  ])('gives way to the best that passes it, and what was wrong is told: %s', async (_, asked) => {
    const made = await plan(asked);
    expect(validAnswer(asked, [made])).toBe(made);
    const instead = validAnswer(asked, [broken(made)]);
    expect(checkPlan(asked, instead)).toEqual([]);
    expect(instead).toMatchObject({
      method: 'baseline',
      fault: expect.stringMatching(/^Task "a": it takes/)
    });
    const other = validAnswer(asked, [broken(made), made]);
    expect(other.segments).toEqual(made.segments);
    expect(other.fault).toBeDefined();
  });

  it('keeps a valid plan whose bound or comparisons are wrong, without these', async () => {
    const made = await plan(request);
    const instead = validAnswer(request, [{ ...made, lowerBound: 2 * made.makespan, gap: 0 }]);
    expect(checkPlan(request, instead)).toEqual([]);
    expect(instead).toMatchObject({ segments: made.segments, lowerBound: 0, optimal: false });
  });

  it('is told with its fault where nothing passes', async () => {
    const made = broken({ ...(await plan(request)), baselines: [] });
    expect(validAnswer(request, [made])).toMatchObject({
      segments: made.segments,
      fault: expect.any(String)
    });
  });
});

describe('a failure on the way', () => {
  it('leaves the best plan told until then', async () => {
    const told: Plan[] = [];
    let looks = 0;
    const options = {
      onProgress: (better: Plan) => told.push(better),
      now: () => {
        if (++looks > 5) {
          throw new Error('The clock has stopped.');
        }
        return looks;
      }
    };
    const made = await plan({ ...request, budget: { seconds: 100 } }, options);
    expect(checkPlan(request, made)).toEqual([]);
    expect(made).toMatchObject({ segments: told.at(-1)!.segments, fault: 'The clock has stopped.' });
  });
});
