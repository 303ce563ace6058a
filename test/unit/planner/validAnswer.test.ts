import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
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
    const problem = toProblem(asked);
    expect(validAnswer(asked, problem, [made])).toBe(made);
    const instead = validAnswer(asked, problem, [broken(made)]);
    expect(checkPlan(asked, instead)).toEqual([]);
    expect(instead).toMatchObject({
      method: 'baseline',
      fault: expect.stringMatching(/^Task "a": it takes/)
    });
    const other = validAnswer(asked, problem, [broken(made), made]);
    expect(other.segments).toEqual(made.segments);
    expect(other.fault).toBeDefined();
  });

  it('keeps a valid plan whose bound or comparisons are wrong, without these', async () => {
    const made = await plan(request);
    const wrong = { ...made, lowerBound: 2 * made.makespan, gap: 0 };
    const instead = validAnswer(request, toProblem(request), [wrong]);
    expect(checkPlan(request, instead)).toEqual([]);
    expect(instead).toMatchObject({ segments: made.segments, lowerBound: 0, optimal: false });
  });

  it('gives way to what needs no search where nothing that was made passes', async () => {
    const made = broken({ ...(await plan(request)), baselines: [] });
    const instead = validAnswer(request, toProblem(request), [made]);
    expect(checkPlan(request, instead)).toEqual([]);
    expect(instead.fault).toMatch(/^Task "a": it takes/);
  });

  it('is refused where not even that passes', async () => {
    const made = broken({ ...(await plan(request)), baselines: [] });
    const other = toProblem(requestOf([2], tasks.slice(1)));
    expect(() => validAnswer(request, other, [made])).toThrow(/no plan that can be run: Task "a": it takes/);
  });
});

describe('a failure on the way', () => {
  it.each<[string, Partial<PlanRequest>]>([
    ['plain', {}],
    ['under wishes', { limits: { concurrent: 1 } }],
    ['by weighted ends', { objective: 'weighted-completion' }]
  ])('before any plan leaves what needs no search: %s', async (_, wishes) => {
    let looks = 0;
    const now = () => {
      if (++looks > 1) {
        throw new Error('The clock has stopped.');
      }
      return looks;
    };
    const asked = { ...request, ...wishes, budget: { seconds: 100 } };
    const made = await plan(asked, { now });
    expect(checkPlan(asked, made)).toEqual([]);
    expect(made).toMatchObject({ fault: 'The clock has stopped.', lowerBound: 0 });
  });

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
