import { createRequire } from 'node:module';
import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { AssignmentSearch } from '../../../src/core/planner/bounds/assignmentSearch.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { type IProblem, isEmpty } from '../../../src/core/planner/problem/problem.js';
import { type IArrangement, KEPT, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { anneal, FROM_SCRATCH, type INeighbourhood } from '../../../src/core/planner/search/annealing.js';
import { construct } from '../../../src/core/planner/search/construction.js';
import { NodeNeighbourhood } from '../../../src/core/planner/search/nodeNeighbourhood.js';
import { packNodes } from '../../../src/core/planner/search/nodePacking.js';
import { type IImproveOptions, improve } from '../../../src/core/planner/search/portfolio.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

let highs: Highs;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('highs/runtime');
  highs = await loadHighs({ locateFile: () => wasm });
});

function startOf(problem: IProblem): IArrangement {
  return construct(problem, lowerBound(problem).seconds).arrangement;
}

/** Every job exactly once: kept, or in a queue of a node on which it fits. */
function expectWhole(problem: IProblem, { config, queues }: IArrangement): void {
  const seen = [...queues.flat(), ...config.flatMap((index, job) => (index === KEPT ? [job] : []))];
  expect(seen.sort((a, b) => a - b)).toEqual(problem.jobs.map((_, job) => job));
  for (const [node, queue] of queues.entries()) {
    for (const job of queue) {
      const { devices } = problem.jobs[job]!.configs[config[job]!]!;
      expect(devices).toBeLessThanOrEqual(problem.nodes[node]!.devices.length);
    }
  }
}

/** Two nodes on which two tasks run that may also be moved, and more tasks that wait. */
function runningProblem(): { problem: IProblem; kept: IArrangement } {
  const options = [option(1, 8), option(2, 5), option(3, 4)];
  const tasks = Array.from({ length: 8 }, (_, i) => ({ name: `t${i}`, steps: 1 + (i % 3), options }));
  const problem = toProblem(requestOf([4, 3], tasks));
  for (const [job, node, devices] of [
    [0, 0, [1, 2]],
    [1, 0, [0]],
    [2, 1, [0, 2]]
  ] as const) {
    const config = problem.jobs[job]!.configs[devices.length - 1]!;
    problem.jobs[job]!.current = {
      config: { ...config, seconds: config.seconds - 1 },
      node,
      devices: [...devices]
    };
  }
  const config = problem.jobs.map((_, job) => (job < 3 ? KEPT : 0));
  return {
    problem,
    kept: {
      config,
      queues: [
        [3, 4, 5],
        [6, 7]
      ]
    }
  };
}

describe('the neighbourhood of arrangements', () => {
  it('knows the makespan of the arrangement it is at, whatever it did before', () => {
    fc.assert(
      fc.property(requests({ nodes: 4, size: 5, tasks: 12, options: 6 }), fc.nat(), (request, seed) => {
        const problem = toProblem(request);
        fc.pre(problem.jobs.length > 0);
        const neighbourhood = new NodeNeighbourhood(problem, startOf(problem), mulberry32(seed));
        for (let i = 0; i < 40; i++) {
          for (let steps = 0; steps < 10; steps++) {
            neighbourhood.step(100);
          }
          const arrangement = neighbourhood.snapshot();
          expectWhole(problem, arrangement);
          expect(realise(problem, arrangement).makespan).toBe(neighbourhood.makespan);
        }
      }),
      { numRuns: 100 }
    );
  });

  it('moves running jobs, lets them go on, and counts them right', () => {
    const { problem, kept } = runningProblem();
    const neighbourhood = new NodeNeighbourhood(problem, kept, mulberry32(3));
    const seen = new Set<number>();
    for (let i = 0; i < 3000; i++) {
      neighbourhood.step(20);
      const arrangement = neighbourhood.snapshot();
      expectWhole(problem, arrangement);
      const moved = [0, 1, 2].filter(job => arrangement.config[job] !== KEPT).length;
      seen.add(moved);
      expect(realise(problem, arrangement).makespan).toBe(neighbourhood.makespan);
      expect(neighbourhood.score > neighbourhood.makespan).toBe(moved > 0);
    }
    expect(seen.size).toBe(4);
  });

  it('on many nodes ends with less than it began with', () => {
    const problem = toProblem(sweeps(101, 60, 12).request);
    const neighbourhood = new NodeNeighbourhood(problem, startOf(problem), mulberry32(1));
    const before = neighbourhood.makespan;
    let best: IArrangement | undefined;
    anneal(neighbourhood, { target: 0, progress: steps => steps / 20_000 }, arrangement => {
      best = arrangement;
      expect(realise(problem, arrangement).makespan).toBe(neighbourhood.makespan);
    });
    expect(realise(problem, best!).makespan).toBeLessThan(before);
  });
});

describe('annealing', () => {
  /** Steps of 1 up or down on the whole numbers. */
  class Line implements INeighbourhood<number> {
    readonly size = 1;
    score = 50;
    constructor(private readonly _random = mulberry32(1)) {}
    step(temperature: number): void {
      const next = this.score + (this._random() < 0.5 ? 1 : -1);
      if (next < this.score || this._random() < Math.exp(-1 / temperature)) {
        this.score = next;
      }
    }
    snapshot(): number {
      return this.score;
    }
    restore(state: number): void {
      this.score = state;
    }
  }

  it('reports ever better states and ends at its target', () => {
    const scores: number[] = [];
    anneal(new Line(), { target: 20, progress: () => 0 }, (state, score) => {
      expect(state).toBe(score);
      scores.push(score);
    });
    expect(scores).toEqual(Array.from({ length: 30 }, (_, i) => 49 - i));
  });

  it('takes no step when its budget is used up', () => {
    const neighbourhood = new Line();
    anneal(
      neighbourhood,
      { target: 0, progress: () => 1 },
      () => {
        throw new Error('a step was taken');
      },
      FROM_SCRATCH
    );
    expect(neighbourhood.score).toBe(50);
  });
});

describe('packing', () => {
  it('gives every job a place on the node it is assigned to', () => {
    const problem = toProblem(sweeps(101, 16, 2).request);
    const { seconds } = lowerBound(problem);
    const assignments = new AssignmentSearch(highs, problem);
    let met = 0;
    for (const share of [1.1, 1.2]) {
      const target = seconds * share;
      const found = assignments.find(target, { nodes: 50 });
      if (found.status !== 'found') {
        continue;
      }
      const { arrangement, overfull } = packNodes(problem, found.nodes, target);
      expectWhole(problem, arrangement);
      for (const [node, assigned] of found.nodes.entries()) {
        expect([...arrangement.queues[node]!].sort()).toEqual(assigned.map(({ job }) => job).sort());
      }
      expect(overfull.length).toBe(2);
      met += realise(problem, arrangement).makespan <= target * (1 + 1e-9) ? 1 : 0;
    }
    expect(met).toBeGreaterThan(0);
  });
});

describe('the portfolio', () => {
  interface ICourse {
    makespan: number;
    bound: number;
    optimal: boolean;
    steps: string[];
  }

  async function run(problem: IProblem, more: Partial<IImproveOptions> = {}): Promise<ICourse> {
    const bound = lowerBound(problem).seconds;
    const start = startOf(problem);
    const course: ICourse = {
      makespan: realise(problem, start).makespan,
      bound,
      optimal: false,
      steps: []
    };
    await improve(problem, start, {
      random: mulberry32(5),
      budget: { iterations: 30_000 },
      elapsed: () => 0,
      bound,
      offer: (method, arrangement, makespan) => {
        expect(makespan).toBeLessThan(course.makespan);
        expectWhole(problem, arrangement);
        expect(realise(problem, arrangement).makespan).toBeLessThanOrEqual(makespan * (1 + 1e-9));
        course.makespan = makespan;
        course.steps.push(`${method} ${makespan}`);
      },
      raise: (better, binding, optimal) => {
        expect(better).toBeGreaterThanOrEqual(course.bound);
        course.bound = better;
        course.optimal ||= optimal;
        course.steps.push(`${binding} ${better}`);
      },
      ...more
    });
    return course;
  }

  it('keeps bound and makespan on either side of the optimum', async () => {
    await fc.assert(
      fc.asyncProperty(requests({ nodes: 2, size: 3, tasks: 4, options: 3 }), async request => {
        const problem = toProblem(request);
        fc.pre(!isEmpty(problem));
        const optimum = bruteForce(request);
        const { makespan, bound, optimal } = await run(problem, {
          budget: { iterations: 3000 },
          loadHighs: async () => highs
        });
        expect(bound).toBeLessThanOrEqual(optimum * (1 + 1e-9));
        expect(makespan).toBeGreaterThanOrEqual(optimum * (1 - 1e-9));
        if (optimal) {
          expect(makespan).toBeLessThanOrEqual(optimum * (1 + 1e-9));
        }
      }),
      { numRuns: 100 }
    );
  });

  it('takes the same course for the same question', async () => {
    for (const [tasks, nodes] of [
      [10, 1],
      [24, 2],
      [40, 10]
    ] as const) {
      const problem = toProblem(sweeps(103, tasks, nodes).request);
      const more = { loadHighs: async () => highs };
      const course = await run(problem, { ...more, random: mulberry32(5) });
      expect(course.steps.length).toBeGreaterThan(2);
      expect(await run(problem, { ...more, random: mulberry32(5) })).toEqual(course);
    }
  });

  it('proves a sweep on one node optimal', async () => {
    const problem = toProblem(sweeps(102, 8, 1).request);
    const { makespan, bound, optimal } = await run(problem, { budget: { iterations: 1_000_000 } });
    expect(optimal).toBe(true);
    expect(makespan).toBeCloseTo(bound, 3);
  });

  it('ends with its time', async () => {
    const problem = toProblem(sweeps(101, 24, 2).request);
    let time = 0;
    let asked = 0;
    await run(problem, {
      budget: { seconds: 2 },
      elapsed: () => {
        asked++;
        time += 0.05;
        return time;
      }
    });
    expect(asked).toBeGreaterThan(20);
    expect(asked).toBeLessThan(60);
  });
});
