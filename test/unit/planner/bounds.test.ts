import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import {
  type Assignment,
  AssignmentSearch,
  type INoGood
} from '../../../src/core/planner/bounds/assignmentSearch.js';
import { deviceFunctions, TIME_FUNCTIONS } from '../../../src/core/planner/bounds/dualFeasible.js';
import { raiseByFractions } from '../../../src/core/planner/bounds/fractionalBound.js';
import { groupJobs, groupNodes } from '../../../src/core/planner/bounds/jobTypes.js';
import { Loads } from '../../../src/core/planner/bounds/loads.js';
import { raiseBounds } from '../../../src/core/planner/bounds/raiseBounds.js';
import { tailor } from '../../../src/core/planner/bounds/tailoredFunctions.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { type IProblem, isEmpty } from '../../../src/core/planner/problem/problem.js';
import type { PlanRequest } from '../../../src/core/wire/messages.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

let highs: Highs;
beforeAll(async () => {
  highs = await loadHighs();
});

/** 24 tasks on nodes of 8, 4, 4 and 2 devices. */
function unlike(seed: number): PlanRequest {
  const { request } = sweeps(seed, 24, 4);
  const nodes = request.cluster.nodes.map((node, n) => ({
    ...node,
    devices: node.devices.slice(0, [8, 4, 4, 2][n])
  }));
  return { ...request, cluster: { nodes } };
}

/** A search of its own for each target. */
function assign(highs: Highs, problem: IProblem, target: number, noGoods: INoGood[] = []): Assignment {
  return new AssignmentSearch(highs, problem).find(target, {}, noGoods);
}

/** The bound after as many steps as it takes. */
function fractional(problem: IProblem, high: number): number {
  let best = lowerBound(problem).seconds;
  raiseByFractions(highs, problem, best, high, bound => {
    expect(bound).toBeGreaterThan(best);
    best = bound;
    return true;
  });
  return best;
}

describe('dual feasible functions', () => {
  it('of devices keep every set that fits on a node fitting', () => {
    for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 12, 16]) {
      for (const values of deviceFunctions(size)) {
        expect(values[0]).toBe(0);
        expect([...values].sort((a, b) => a - b)).toEqual(values);
        expect(heaviestFill(values)).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });

  it('of time keep every chain that fits before the end fitting', () => {
    const random = mulberry32(3);
    for (let round = 0; round < 3000; round++) {
      const count = 1 + Math.floor(random() * 8);
      // Round shares hit the steps of the functions.
      const whole = round % 2 === 0;
      const parts = Array.from({ length: count }, () => (whole ? Math.ceil(random() * 4) : random()));
      const all = parts.reduce((sum, part) => sum + part, 0) / (whole || random() < 0.5 ? 1 : random());
      const sums = TIME_FUNCTIONS.map(f => parts.reduce((total, part) => total + f(part / all), 0));
      expect(Math.max(...sums)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  it('grow with what they are given', () => {
    for (const f of TIME_FUNCTIONS) {
      const values = Array.from({ length: 1001 }, (_, i) => f(i / 1000));
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
  });
});

/** The most that whole parts adding up to `capacity` can come to. */
function heaviestFill(values: readonly number[]): number {
  const most = values.map(() => 0);
  for (let room = 1; room < values.length; room++) {
    for (let last = 1; last <= room; last++) {
      most[room] = Math.max(most[room]!, most[room - last]! + values[last]!);
    }
  }
  return most.at(-1)!;
}

describe('dual feasible functions made for one node', () => {
  it('show that its jobs do not fit where the usual ones do not, and are dual feasible', () => {
    const random = mulberry32(5);
    let shown = 0;
    for (let round = 0; round < 15; round++) {
      const tasks = Array.from({ length: 6 }, (_, i) => ({
        name: `t${i}`,
        steps: 1,
        options: [option(1 + Math.floor(4 * random()), 20 + Math.floor(60 * random()))]
      }));
      const problem = toProblem(requestOf([5], tasks));
      const loads = new Loads(groupJobs(problem), groupNodes(problem));
      const content = loads.columns.map(column => ({ column, count: loads.types[column.type]!.jobs.length }));
      const bound = fractional(problem, 1000);
      const [spaces, times] = [loads.space[0]!.length, loads.time.length];
      const target = 1.001 * bound;
      for (const pair of tailor(highs, loads, 0, content, target, 1e-5)) {
        shown++;
        expect(loads.refutes([{ ...pair, weight: 1 }], target)).toBe(true);
      }
      for (const values of loads.space[0]!.slice(spaces)) {
        expect(heaviestFill(values)).toBeLessThanOrEqual(1);
      }
      for (const f of loads.time.slice(times)) {
        const values = Array.from({ length: 501 }, (_, i) =>
          i === 0 ? 0 : f({ seconds: i, head: 0, due: Infinity }, 500)
        );
        expect(heaviestFill(values)).toBeLessThanOrEqual(1);
        expect(values).toEqual([...values].sort((a, b) => a - b));
      }
    }
    expect(shown).toBeGreaterThan(5);
  });
});

describe('the bound by fractions', () => {
  const shapes = {
    'one node': requests({ nodes: 1, size: 4, tasks: 5, options: 3 }),
    'several nodes': requests({ nodes: 3, size: 3, tasks: 4, options: 3 })
  };
  it.each(Object.entries(shapes))('is no longer than the shortest plan on %s', (_, shape) => {
    fc.assert(
      fc.property(shape, request => {
        const problem = toProblem(request);
        fc.pre(!isEmpty(problem));
        const optimum = bruteForce(request);
        expect(fractional(problem, 2 * optimum + 1)).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      }),
      { numRuns: 150 }
    );
  });

  it('knows how little small nodes can do for large tasks', () => {
    const problem = toProblem(unlike(1));
    const area = lowerBound(problem).seconds;
    expect(fractional(problem, 2 * area)).toBeGreaterThan(1.25 * area);
  });

  it('sees that two halves and a bit do not fit side by side', () => {
    const tasks = ['a', 'b', 'c'].map(name => ({ name, steps: 1, options: [option(3, 10)] }));
    expect(fractional(toProblem(requestOf([5], tasks)), 100)).toBeCloseTo(30, 2);
    expect(fractional(toProblem(requestOf([5, 5], tasks)), 100)).toBeCloseTo(20, 2);
  });
});

describe('whole jobs assigned to nodes', () => {
  const small = requests({ nodes: 3, size: 3, tasks: 4, options: 3 });

  it('are found at the shortest makespan, and all there', () => {
    fc.assert(
      fc.property(small, request => {
        const problem = toProblem(request);
        fc.pre(problem.jobs.length > 0);
        const optimum = bruteForce(request);
        fc.pre(optimum > 0);
        const found = assign(highs, problem, optimum);
        expect(found.status).toBe('found');
        const { nodes } = found as Extract<Assignment, { status: 'found' }>;
        const jobs = nodes.flat().map(({ job }) => job);
        expect(jobs.sort((a, b) => a - b)).toEqual(problem.jobs.map((_, job) => job));
        for (const [node, assigned] of nodes.entries()) {
          for (const { job, config } of assigned) {
            const { devices, seconds } = problem.jobs[job]!.configs[config]!;
            expect(devices).toBeLessThanOrEqual(problem.nodes[node]!.devices.length);
            expect(seconds).toBeLessThanOrEqual(optimum);
          }
        }
      }),
      { numRuns: 150 }
    );
  });

  it('see what fractions do not: large tasks on unlike nodes', () => {
    const problem = toProblem(unlike(2));
    const area = lowerBound(problem).seconds;
    const bound = fractional(problem, 2 * area);
    expect(bound).toBeGreaterThan(1.005 * area);
    expect(assign(highs, problem, 1.02 * bound)).toEqual({ status: 'infeasible' });
    expect(assign(highs, problem, 1.1 * bound).status).toBe('found');
  });

  it('avoid what is known not to fit, on every node alike', () => {
    const tasks = ['a', 'b', 'c', 'd'].map(name => ({ name, steps: 1, options: [option(1, 10)] }));
    const problem = toProblem(requestOf([2, 2], tasks));
    const content = (count: number) => ({ node: 0, batches: [{ type: 0, config: 0, count }] });
    const counts = (found: Assignment) =>
      found.status === 'found' ? found.nodes.map(jobs => jobs.length).sort() : found.status;
    expect(counts(assign(highs, problem, 20, [content(4)]))).not.toEqual([0, 4]);
    expect(counts(assign(highs, problem, 20, [content(3)]))).toEqual([2, 2]);
    expect(counts(assign(highs, problem, 20, [content(2)]))).toBe('infeasible');
  });

  it('go on where they run, at no start cost, when only that meets the target', () => {
    const tasks = ['a', 'b'].map(name => ({ name, steps: 1, options: [option(2, 10, 5)] }));
    const problem = toProblem(requestOf([2, 2], tasks));
    const job = problem.jobs[0]!;
    job.current = { config: { ...job.configs[0]!, seconds: 10 }, node: 1, devices: [0, 1] };
    const found = assign(highs, problem, 15);
    expect(found.status).toBe('found');
    expect(assign(highs, problem, 14.9)).toEqual({ status: 'infeasible' });
    problem.jobs[1]!.current = { config: { ...job.configs[0]!, seconds: 10 }, node: 0, devices: [0, 1] };
    expect(assign(highs, problem, 12)).toMatchObject({
      status: 'found',
      nodes: [[{ job: 1, config: -1 }], [{ job: 0, config: -1 }]]
    });
  });

  it('leave no memory behind', () => {
    const tasks = ['a', 'b', 'c'].map((name, i) => ({
      name,
      steps: 1,
      options: [option(1, 5 + i), option(2, 3 + i)]
    }));
    const problem = toProblem(requestOf([2, 2], tasks));
    assign(highs, problem, 9);
    fractional(problem, 100);
    const before = highs.memoryBytes;
    for (let i = 0; i < 60; i++) {
      assign(highs, problem, 9);
      fractional(problem, 100);
    }
    expect(highs.memoryBytes).toBe(before);
  });
});

describe('bounds raised step by step', () => {
  const shape = requests({ nodes: 2, size: 3, tasks: 5, options: 3 });

  it('never pass the shortest plan', () => {
    fc.assert(
      fc.property(shape, request => {
        const problem = toProblem(request);
        fc.pre(!isEmpty(problem));
        const optimum = bruteForce(request);
        const bounds: number[] = [];
        raiseBounds(highs, problem, {
          makespan: () => 2 * optimum + 1,
          raise: bound => bounds.push(bound)
        });
        expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
        expect(bounds.at(-1)!).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      }),
      { numRuns: 100 }
    );
  });

  it('come with ways to assign the jobs, and say what they rest on', () => {
    const problem = toProblem(unlike(2));
    const bindings: string[] = [];
    const targets: number[] = [];
    let bound = 0;
    raiseBounds(highs, problem, {
      makespan: () => 2 * bound,
      raise: (better, binding) => {
        bound = better;
        bindings.push(binding);
      },
      onAssignment: (_, target) => targets.push(target),
      nodes: 100
    });
    expect(bindings[0]).toBe('area');
    expect(bindings.slice(1).every(binding => binding === 'packing')).toBe(true);
    expect(bindings.length).toBeGreaterThan(3);
    expect(targets.length).toBeGreaterThan(0);
    expect(Math.min(...targets)).toBeGreaterThan(bound);
  });

  it('end when time is up', () => {
    let raised = 0;
    raiseBounds(highs, toProblem(unlike(2)), {
      makespan: () => Infinity,
      raise: () => raised++,
      secondsLeft: () => 0
    });
    expect(raised).toBe(1);
  });
});
