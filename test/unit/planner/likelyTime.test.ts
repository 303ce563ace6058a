import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { option, requestOf } from './planRequests.js';

/** A task of 81 steps of a second on one device, a little more than half as long on two, which takes a second to start. */
const task = (name: string, more: Partial<PlanTask> = {}): PlanTask => ({
  name,
  steps: 81,
  options: [option(1, 1, 1), option(2, 0.6, 1)],
  ...more
});

const three = (more: Partial<PlanTask> = {}) => ['a', 'b', 'c'].map(name => task(name, more));

async function checked(request: PlanRequest) {
  const made = await plan(request);
  expect(checkPlan(request, made)).toEqual([]);
  expect(made.fault).toBeUndefined();
  return made;
}

describe('a plan where a rule may end tasks early', () => {
  it('is made for the steps that are likely, and has every task make all', async () => {
    const whole = await checked(requestOf([2], three()));
    const likely = await checked(requestOf([2], three({ likely: 9 })));
    expect(whole.atMost).toBeUndefined();
    expect(whole.segments.every(segment => segment.likely === undefined)).toBe(true);
    expect(likely.segments.map(({ steps, likely }) => [steps, likely])).toEqual([
      [81, 9],
      [81, 9],
      [81, 9]
    ]);
    expect(likely.makespan).toBeLessThan(whole.makespan / 4);
    expect(likely.lowerBound).toBeLessThanOrEqual(likely.makespan);
    expect(likely.baselines.every(({ makespan }) => makespan >= likely.makespan - 1e-9)).toBe(true);
  });

  it('says how long it takes were nothing ended early', async () => {
    const made = await checked(requestOf([1], three({ likely: 9 })));
    expect(made.makespan).toBeCloseTo(3 * (1 + 9));
    expect(made.atMost).toBeCloseTo(3 * (1 + 81));
  });

  it('leaves a task that no rule judges as it is', async () => {
    const made = await checked(requestOf([1], [task('sure'), task('doubtful', { likely: 27 })]));
    expect(made.segments.find(segment => segment.task === 'sure')!.likely).toBeUndefined();
    expect(made.makespan).toBeCloseTo(1 + 81 + 1 + 27);
    expect(made.atMost).toBeCloseTo(2 * (1 + 81));
  });

  it('lets a fused run last as long as the one of its tasks that is likely to last longest', async () => {
    const request: PlanRequest = {
      ...requestOf([1], [task('a', { likely: 9 }), task('b', { likely: 27, steps: 54 })]),
      fusions: [{ tasks: ['a', 'b'], options: [option(1, 1, 1)] }]
    };
    const made = await checked(request);
    expect(made.segments.map(({ fusion }) => fusion !== undefined)).toEqual([true, true]);
    expect(made.makespan).toBeCloseTo(1 + 27);
    expect(made.atMost).toBeCloseTo(1 + 81);
  });

  it.each([0, 82, Number.NaN])('refuses %d likely steps of 81', async likely => {
    await expect(plan(requestOf([1], [task('a', { likely })]))).rejects.toMatchObject({
      failure: { code: 'bad-plan-request' }
    });
  });

  it('is as long as a plan of tasks that have no more steps than are likely', async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(counts, async likely => {
        const tasks = likely.map((steps, i) => task(`t${i}`, { likely: steps }));
        const short = likely.map((steps, i) => task(`t${i}`, { steps }));
        const made = await checked(requestOf([2], tasks));
        expect(made.makespan).toBeCloseTo((await checked(requestOf([2], short))).makespan, 6);
      }),
      { numRuns: 20 }
    );
  });

  it('is found wrong by the checker where it reckons with other steps', async () => {
    const request = requestOf([1], [task('a', { likely: 9 })]);
    const made = await plan(request);
    const [segment] = made.segments;
    const off = { ...made, segments: [{ ...segment!, likely: 8 }] };
    expect(checkPlan(request, off).join()).toMatch(/9 of the 81 steps of a segment are likely/);
    const { atMost: _, ...silent } = made;
    expect(checkPlan(request, silent).join()).toMatch(/were no task ended early/);
  });
});
