import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { milpSize, solveMilp } from '../../../src/core/planner/milp/paperMilp.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { realise } from '../../../src/core/planner/schedule/arrangement.js';
import { construct } from '../../../src/core/planner/search/construction.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

let highs: Highs;
beforeAll(async () => {
  highs = await loadHighs();
});

const tiny = requests({ nodes: 2, size: 2, tasks: 4, options: 3 });

describe('the MILP of the paper', () => {
  it('agrees with brute force', () => {
    fc.assert(
      fc.property(tiny, request => {
        const problem = toProblem(request);
        fc.pre(problem.jobs.length > 0);
        const bound = lowerBound(problem).seconds;
        const start = realise(problem, construct(problem, bound).arrangement);
        fc.pre(start.makespan > 0);
        const answer = solveMilp(highs, problem, start, bound, {});
        const optimum = bruteForce(request);
        expect(answer.optimal).toBe(true);
        expect(Math.abs(answer.makespan - optimum)).toBeLessThanOrEqual(1e-5 * optimum);
        expect(answer.bound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      }),
      { numRuns: 60 }
    );
  }, 60_000);

  it('gives the planner valid plans, proven on small cases', async () => {
    let proven = 0;
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(tiny, async request => {
        const made = await plan(request, { loadHighs: async () => highs });
        expect(checkPlan(request, made)).toEqual([]);
        const optimum = bruteForce(request);
        expect(made.lowerBound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
        if (made.optimal) {
          expect(made.makespan).toBeLessThanOrEqual(optimum * (1 + 1e-5));
          proven++;
        }
        planned++;
      }),
      { numRuns: 60, seed: 11 }
    );
    expect(proven).toBe(planned);
  }, 60_000);

  it('proves what the bounds cannot: three equal tasks on two devices', async () => {
    const tasks = ['a', 'b', 'c'].map(name => ({ name, steps: 10, options: [option(1, 1)] }));
    const request = requestOf([1, 1], tasks);
    const without = await plan(request);
    expect(without).toMatchObject({ makespan: 20, lowerBound: expect.closeTo(15, 6), optimal: false });
    const made = await plan(request, { loadHighs: async () => highs });
    expect(made).toMatchObject({ makespan: 20, lowerBound: expect.closeTo(20, 3), optimal: true });
    expect(checkPlan(request, made)).toEqual([]);
  });

  it('is not built for cases too large for it, nor when no search is asked for', async () => {
    const loadHighs = () => Promise.reject(new Error('not needed'));
    const three = ['a', 'b', 'c'].map(name => ({ name, steps: 10, options: [option(1, 1)] }));
    const none = await plan(requestOf([2], three, { budget: { iterations: 0 } }), { loadHighs });
    expect(none.optimal).toBe(false);
    const { request } = sweeps(101, 12, 1);
    expect(milpSize(toProblem(request))).toBe(12 * 11 * 8);
    const large = await plan(request, { loadHighs: async () => highs });
    expect(large.log?.map(({ method }) => method)).not.toContain('milp');
  });

  it('gives its memory back', () => {
    const tasks = ['a', 'b', 'c'].map((name, i) => ({
      name,
      steps: 1,
      options: [option(1, 5 + i), option(2, 3 + i)]
    }));
    const problem = toProblem(requestOf([2], tasks));
    const bound = lowerBound(problem).seconds;
    const start = realise(problem, construct(problem, bound).arrangement);
    solveMilp(highs, problem, start, bound, {});
    const before = highs.memoryBytes;
    for (let i = 0; i < 20; i++) {
      solveMilp(highs, problem, start, bound, {});
    }
    expect(highs.memoryBytes).toBe(before);
  });
});
