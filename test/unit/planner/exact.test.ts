import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { jobsInOrder, nodeContents } from '../../../src/core/planner/exact/nodeContents.js';
import { shortestOnNode } from '../../../src/core/planner/exact/nodeOptimum.js';
import type { INodePlan, INodeProblem } from '../../../src/core/planner/exact/nodeProblem.js';
import { decideNode } from '../../../src/core/planner/exact/nodeSearch.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import type { IProblem } from '../../../src/core/planner/problem/problem.js';
import { type IArrangement, KEPT, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

const ENDLESS = { nodes: Infinity };

/** The optimum by trying every order and configuration; Infinity when nothing works. */
function everyOrder({ free, types }: INodeProblem): number {
  const left = types.map(({ count }) => count);
  const explore = (times: number[]): number => {
    let best = left.some(count => count > 0) ? Infinity : Math.max(0, ...times);
    for (const [type, { configs }] of types.entries()) {
      if (left[type] === 0) {
        continue;
      }
      left[type]!--;
      for (const { devices, seconds, onlyAtStart } of configs) {
        const start = times[devices - 1];
        if (start !== undefined && !(onlyAtStart && start > 0)) {
          const after = [...times.slice(devices), ...Array.from({ length: devices }, () => start + seconds)];
          best = Math.min(best, explore(after.sort((a, b) => a - b)));
        }
      }
      left[type]!++;
    }
    return best;
  };
  return explore([...free].sort((a, b) => a - b));
}

/** When all is done if jobs take devices in this order; fails when the order is not a plan. */
function replay({ free, types }: INodeProblem, { order }: INodePlan): number {
  let times = [...free].sort((a, b) => a - b);
  const left = types.map(({ count }) => count);
  for (const { type, config } of order) {
    const { devices, seconds, onlyAtStart } = types[type]!.configs[config]!;
    const start = times[devices - 1]!;
    expect(onlyAtStart === true && start > 0).toBe(false);
    left[type]!--;
    // Of the devices free by then, the last ones.
    const ready = times.filter(time => time <= start).length;
    times.splice(ready - devices, devices, ...Array.from({ length: devices }, () => start + seconds));
    times = times.sort((a, b) => a - b);
  }
  expect(left.every(count => count === 0)).toBe(true);
  return Math.max(0, ...times);
}

const duration = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 10, noNaN: true }));

/** Small nodes with few jobs: devices that become free late, equal jobs, jobs without duration, jobs to go on. */
const nodeProblems: fc.Arbitrary<INodeProblem> = fc
  .record({
    free: fc.oneof(
      fc.integer({ min: 1, max: 4 }).map(size => Array.from({ length: size }, () => 0)),
      fc.array(fc.oneof(fc.constant(0), duration), { minLength: 1, maxLength: 4 })
    ),
    types: fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 3 }),
        configs: fc.array(
          fc.record(
            { devices: fc.integer({ min: 1, max: 4 }), seconds: duration, onlyAtStart: fc.constant(true) },
            { requiredKeys: ['devices', 'seconds'] }
          ),
          { minLength: 1, maxLength: 3 }
        )
      }),
      { maxLength: 5 }
    )
  })
  .map(({ free, types }) => {
    let room = 5;
    return {
      free,
      types: types
        .map(({ count, configs }) => {
          const some = Math.min(count, room);
          room -= some;
          return { count: some, configs: configs.filter(({ devices }) => devices <= free.length) };
        })
        .filter(({ count, configs }) => count > 0 && configs.length > 0)
    };
  });

describe('search on one node', () => {
  it('decides as trying every order does, just below and at the optimum', () => {
    fc.assert(
      fc.property(nodeProblems, problem => {
        const optimum = everyOrder(problem);
        if (optimum === Infinity) {
          expect(decideNode(problem, 1000, ENDLESS).answer).toBe('infeasible');
          return;
        }
        const { answer, plan } = decideNode(problem, optimum, ENDLESS);
        expect(answer).toBe('feasible');
        expect(replay(problem, plan!)).toBe(plan!.makespan);
        expect(plan!.makespan).toBeLessThanOrEqual(optimum * (1 + 1e-10) + 1e-10);
        if (optimum > 0.1) {
          expect(decideNode(problem, optimum * (1 - 1e-9), ENDLESS).answer).toBe('infeasible');
          expect(decideNode(problem, optimum * 1.5, ENDLESS).answer).toBe('feasible');
        }
      }),
      { numRuns: 1500 }
    );
  });

  it('closes in on the optimum from both sides', () => {
    fc.assert(
      fc.property(nodeProblems, problem => {
        const optimum = everyOrder(problem);
        const bounds: number[] = [];
        const makespans: number[] = [];
        const found = shortestOnNode(problem, 0, Infinity, ENDLESS, {
          onBound: bound => bounds.push(bound),
          onPlan: plan => makespans.push(plan.makespan)
        });
        expect(found.optimal).toBe(true);
        if (optimum === Infinity) {
          expect(found).toMatchObject({ bound: Infinity, makespan: Infinity });
          return;
        }
        expect(found.makespan).toBeCloseTo(optimum, 7);
        expect(replay(problem, found.plan!)).toBe(found.makespan);
        expect(bounds.every(bound => bound <= optimum * (1 + 1e-12))).toBe(true);
        expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
        expect(makespans).toEqual(makespans.toSorted((a, b) => b - a));
      }),
      { numRuns: 300 }
    );
  });

  it('says so when its limit is reached, in the same place each time', () => {
    const { problem } = nodeContents(toProblem(sweeps(109, 16, 1).request), 0, [...Array(16).keys()]);
    const first = shortestOnNode(problem, 0, Infinity, { nodes: 20_000 });
    expect(first.optimal).toBe(false);
    expect(first.bound).toBeLessThan(first.makespan);
    expect(shortestOnNode(problem, 0, Infinity, { nodes: 20_000 })).toEqual(first);
    let asked = 0;
    const stop = () => ++asked === 1;
    const target = first.bound + 0.9 * (first.makespan - first.bound);
    expect(decideNode(problem, target, { nodes: Infinity, stop }).answer).toBe('unknown');
    expect(asked).toBe(1);
  });

  it('does not claim anything about more jobs than it can tell apart', () => {
    const types = Array.from({ length: 60 }, (_, i) => ({
      count: 1,
      configs: [{ devices: 1, seconds: 1 + i / 60 }]
    }));
    const problem = { free: [0, 0], types };
    expect(decideNode(problem, 1, ENDLESS)).toEqual({ answer: 'unknown', nodes: 0 });
    expect(shortestOnNode(problem, 3, 200, ENDLESS)).toMatchObject({
      bound: 3,
      makespan: 200,
      optimal: false
    });
  });

  it('proves the plan of a sweep shortest', () => {
    const problem = toProblem(sweeps(105, 8, 1).request);
    const packing = nodeContents(problem, 0, [...problem.jobs.keys()]);
    expect(packing.jobs.length).toBe(3);
    const found = shortestOnNode(packing.problem, lowerBound(problem).seconds, Infinity, ENDLESS);
    expect(found.optimal).toBe(true);
    expect(found.makespan / lowerBound(problem).seconds).toBeCloseTo(1.0227, 4);
    expect(realised(problem, packing, found.plan!)).toBe(found.makespan);
  });
});

/** Makespan of the plan when all jobs of a problem are packed on its first node. */
function realised(problem: IProblem, packing: ReturnType<typeof nodeContents>, plan: INodePlan): number {
  const arrangement: IArrangement = {
    config: problem.jobs.map(() => 0),
    queues: problem.nodes.map(() => [])
  };
  for (const { job, config } of jobsInOrder(packing, plan)) {
    arrangement.config[job] = config;
    if (config !== KEPT) {
      arrangement.queues[0]!.push(job);
    }
  }
  return realise(problem, arrangement).makespan;
}

describe('packing of jobs on a node', () => {
  it('finds the optimum of requests for one node', () => {
    fc.assert(
      fc.property(requests({ nodes: 1, size: 4, tasks: 5, options: 4 }), request => {
        const problem = toProblem(request);
        const packing = nodeContents(problem, 0, [...problem.jobs.keys()]);
        const { makespan, plan } = shortestOnNode(packing.problem, 0, Infinity, ENDLESS);
        const optimum = bruteForce(request);
        expect(makespan).toBeLessThanOrEqual(optimum * (1 + 1e-9) + 1e-9);
        expect(makespan).toBeGreaterThanOrEqual(optimum * (1 - 1e-9) - 1e-9);
        expect(realised(problem, packing, plan!)).toBeCloseTo(makespan, 6);
      }),
      { numRuns: 200 }
    );
  });

  it('takes fixed configurations and lets a job go on', () => {
    const problem = toProblem(
      requestOf(
        [4],
        [10, 20].map((seconds, i) => ({
          name: `t${i}`,
          steps: 1,
          options: [option(1, seconds), option(2, 9)]
        }))
      )
    );
    const shortest = (fixed?: number[]) => {
      const packing = nodeContents(problem, 0, [0, 1], fixed);
      const { makespan, plan } = shortestOnNode(packing.problem, 0, Infinity, ENDLESS);
      expect(realised(problem, packing, plan!)).toBe(makespan);
      return makespan;
    };
    expect(shortest()).toBe(9);
    expect(shortest([0, 1])).toBe(10);
    const config = { ...problem.jobs[1]!.configs[0]!, devices: 3, seconds: 5 };
    problem.jobs[1]!.current = { config, node: 0, devices: [1, 2, 3] };
    expect(shortest([0, KEPT])).toBe(10);
    expect(shortest([1, KEPT])).toBe(14);
    expect(shortest()).toBe(9);
  });
});
