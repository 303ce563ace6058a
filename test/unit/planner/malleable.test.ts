import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { BestPatterns } from '../../../src/core/planner/malleable/bestPatterns.js';
import { balanceLoads } from '../../../src/core/planner/malleable/loadBalance.js';
import { type ISwitchingAnswer, planSwitches } from '../../../src/core/planner/malleable/planSwitches.js';
import { relax } from '../../../src/core/planner/malleable/switchingRelaxation.js';
import { placeRuns } from '../../../src/core/planner/malleable/wholeStepRuns.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import type { IProblem } from '../../../src/core/planner/problem/problem.js';
import { arrangementOf, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { type ISchedule, toSegments } from '../../../src/core/planner/schedule/schedule.js';
import { anneal } from '../../../src/core/planner/search/annealing.js';
import { construct } from '../../../src/core/planner/search/construction.js';
import { NodeNeighbourhood } from '../../../src/core/planner/search/nodeNeighbourhood.js';
import type { Plan, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { distinct, type IWorkload, sweeps, textWorkload } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

let highs: Highs;
beforeAll(async () => {
  highs = await loadHighs();
});

const small = requests({ nodes: 2, size: 3, tasks: 4, options: 3 });
const any = requests({ nodes: 2, size: 4, tasks: 6, options: 4 });

/** Tasks that get faster with devices, though not in proportion; some run already where `running` says so. */
function usual(running: boolean): fc.Arbitrary<PlanRequest> {
  const task = fc.record({
    steps: fc.integer({ min: 20, max: 300 }),
    seconds: fc.integer({ min: 50, max: 900 }),
    least: fc.integer({ min: 1, max: 3 }),
    loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
    run: fc.boolean()
  });
  return fc
    .record({
      sizes: fc.array(fc.integer({ min: 3, max: 4 }), { minLength: 1, maxLength: 2 }),
      tasks: fc.array(task, { minLength: 3, maxLength: 6 }),
      startSeconds: fc.nat({ max: 5 }),
      stopSeconds: fc.nat({ max: 5 })
    })
    .map(({ sizes, tasks, startSeconds, stopSeconds }) => {
      const free = sizes.map(size => Array.from({ length: size }, (_, d) => `d${d}`));
      const list = tasks.map(({ steps, seconds, least, loss, run }, i): PlanTask => {
        const options = [1, 2, 3, 4]
          .filter(devices => devices >= least)
          .map(devices => option(devices, (seconds * (1 + loss * (devices - 1))) / (devices * steps)));
        const node = free.findIndex(devices => devices.length >= least);
        const devices = running && run && node >= 0 ? free[node]!.splice(0, least) : [];
        const placement = { strategy: options[0]!.strategy, node: `n${node}`, devices };
        return { name: `t${i}`, steps, options, ...(devices.length > 0 && { running: placement }) };
      });
      return withCosts(requestOf(sizes, list), startSeconds, stopSeconds);
    });
}

function boundOf(problem: IProblem, rounds = 200): number {
  return relax(highs, problem, { progress: done => done / rounds }).bound;
}

function constructed(problem: IProblem): ISchedule {
  return realise(problem, construct(problem, boundOf(problem)).arrangement);
}

function annealed(problem: IProblem, iterations: number): ISchedule {
  let best = constructed(problem);
  const neighbourhood = new NodeNeighbourhood(problem, arrangementOf(problem, best), mulberry32(1));
  anneal(neighbourhood, { target: 0, progress: done => done / iterations }, arrangement => {
    const schedule = realise(problem, arrangement);
    best = schedule.makespan < best.makespan ? schedule : best;
  });
  return best;
}

function switched(problem: IProblem, schedule: ISchedule, programs = 150): ISwitchingAnswer {
  return planSwitches(problem, schedule, {
    highs,
    random: mulberry32(1),
    progress: solved => solved / programs
  });
}

function check(request: PlanRequest, problem: IProblem, { schedule, bound }: ISwitchingAnswer): string[] {
  const { makespan } = schedule;
  const plan: Plan = {
    segments: toSegments(problem, schedule),
    unplanned: problem.unplanned,
    makespan,
    lowerBound: Math.min(bound, makespan),
    gap: bound > 0 ? Math.max(0, makespan / bound - 1) : 0,
    binding: 'none',
    optimal: false,
    method: 'switching',
    baselines: []
  };
  return checkPlan({ ...request, switches: 'planned' }, plan);
}

/** The same with other costs of starting and stopping. */
function withCosts(request: PlanRequest, startSeconds: number, stopSeconds: number): PlanRequest {
  const options = (task: PlanTask) => task.options.map(o => ({ ...o, startSeconds, stopSeconds }));
  return { ...request, tasks: request.tasks.map(task => ({ ...task, options: options(task) })) };
}

/** Generated tasks, whose one step is the whole run, in steps of some seconds. */
function inSteps({ request }: IWorkload): PlanRequest {
  const steps = 10_000;
  const tasks = request.tasks.map(task => ({
    ...task,
    steps,
    options: task.options.map(o => ({ ...o, stepSeconds: o.stepSeconds / steps }))
  }));
  return withCosts({ ...request, tasks }, 45, 15);
}

/** The problem in which the running tasks may be moved. */
function movable(request: PlanRequest): IProblem {
  const problem = toProblem({
    ...request,
    tasks: request.tasks.map(({ running: _, ...task }) => task),
    excludeTechniques: []
  });
  for (const { name, running, steps, options } of request.tasks) {
    const job = problem.jobs.find(candidate => candidate.name === name);
    const own = options.find(
      ({ strategy: { technique, devices } }) =>
        technique === running?.strategy.technique && devices === running.strategy.devices
    );
    if (job !== undefined && running !== undefined && own !== undefined) {
      const node = problem.nodes.findIndex(({ id }) => id === running.node);
      job.leaving = own.stopSeconds ?? 0;
      job.current = {
        node,
        devices: running.devices.map(device => problem.nodes[node]!.devices.indexOf(device)),
        config: {
          option: own,
          devices: own.strategy.devices,
          seconds: steps * own.stepSeconds,
          overhead: 0
        }
      };
    }
  }
  return problem;
}

const three = (costs: [number, number]) =>
  withCosts(
    requestOf(
      [2],
      ['a', 'b', 'c'].map(name => ({ name, steps: 10, options: [option(1, 100)] }))
    ),
    ...costs
  );

describe('patterns', () => {
  it('are the most valuable ones, as trying all shows', () => {
    const choice = fc.record({
      devices: fc.integer({ min: 1, max: 5 }),
      value: fc.integer({ min: -3, max: 9 })
    });
    const item = fc.record({
      count: fc.integer({ min: 1, max: 2 }),
      choices: fc.array(choice, { minLength: 1, maxLength: 3 })
    });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 3 }), fc.integer({ min: 0, max: 5 }), (items, size) => {
        const copies = items.flatMap(({ count, choices }) => Array.from({ length: count }, () => choices));
        const most = (index: number, left: number): number =>
          (copies[index] ?? []).reduce(
            (best, { devices, value }) =>
              devices > left ? best : Math.max(best, value + most(index + 1, left - devices)),
            index < copies.length ? most(index + 1, left) : 0
          );
        const best = new BestPatterns(items, 5);
        expect(best.value(size)).toBe(most(0, size));
        const chosen = best.pattern(size).map(entry => items[entry.item]!.choices[entry.choice]!);
        expect(chosen.reduce((sum, { value }) => sum + value, 0)).toBe(best.value(size));
        expect(chosen.reduce((sum, { devices }) => sum + devices, 0)).toBeLessThanOrEqual(size);
        for (const [index, { count }] of items.entries()) {
          expect(best.pattern(size).filter(entry => entry.item === index).length).toBeLessThanOrEqual(count);
        }
      })
    );
  });
});

describe('the preemptive bound', () => {
  it('is at most the shortest plan, however early it ends', () => {
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 30 }), (request, rounds) => {
        const problem = toProblem(request);
        const optimum = bruteForce(request);
        const early = boundOf(problem, rounds);
        const late = boundOf(problem);
        expect(early).toBeLessThanOrEqual(late * (1 + 1e-9));
        expect(late).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      }),
      { numRuns: 150 }
    );
  });

  it('is the area where all fits together, and the longest task where that is longer', () => {
    expect(boundOf(toProblem(three([0, 0])))).toBeCloseTo(1500, 6);
    const alone = requestOf([2], [{ name: 'a', steps: 10, options: [option(1, 100), option(2, 60)] }]);
    expect(boundOf(toProblem(alone))).toBeCloseTo(600, 6);
    const spread = requestOf(
      [1, 1],
      ['a', 'b'].map((name, i) => ({ name, steps: 10, options: [option(1, 100 - 60 * i)] }))
    );
    // One task cannot run on both nodes at once.
    expect(boundOf(toProblem(spread))).toBeCloseTo(1000, 6);
  });

  it('sees that strategies leave devices idle together', () => {
    const tasks = ['a', 'b'].map(name => ({ name, steps: 10, options: [option(2, 100)] }));
    expect(boundOf(toProblem(requestOf([3], tasks)))).toBeCloseTo(2000, 6);
  });

  it('counts a start once for each task', () => {
    expect(boundOf(toProblem(three([20, 1000])))).toBeCloseTo(1530, 6);
  });

  it('waits for devices that are taken', () => {
    const busy = { name: 'r', steps: 10, options: [option(1, 100)] };
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
    const request = requestOf(
      [2],
      [
        { ...busy, running },
        { name: 'a', steps: 10, options: [option(2, 50)] }
      ]
    );
    expect(boundOf(toProblem(request))).toBeCloseTo(1500, 6);
  });
});

describe('plans with switches', () => {
  it('switch where that pays: three equal tasks on two devices', () => {
    const request = three([2, 3]);
    const problem = toProblem(request);
    const plain = constructed(problem);
    expect(plain.makespan).toBe(2004);
    const answer = switched(problem, plain);
    expect(check(request, problem, answer)).toEqual([]);
    expect(answer.bound).toBeCloseTo(1503, 6);
    // One task in two stretches, of five steps each.
    expect(answer.switches).toBe(1);
    expect(answer.schedule.makespan).toBeLessThanOrEqual(1510);
  });

  it('do not switch where that costs too much, nor within a step', () => {
    const dear = toProblem(three([2, 2000]));
    const plain = constructed(dear);
    expect(switched(dear, plain)).toMatchObject({ schedule: plain, switches: 0 });
    const whole = three([2, 3]);
    const tasks = whole.tasks.map(task => ({
      ...task,
      steps: 1,
      options: [{ ...task.options[0]!, stepSeconds: 1000 }]
    }));
    const single = toProblem({ ...whole, tasks });
    expect(switched(single, constructed(single)).switches).toBe(0);
  });

  it.each([
    { what: 'whatever is asked', from: any, least: 0 },
    { what: 'for tasks that gain by devices', from: usual(false), least: 10 },
    { what: 'around tasks that run already', from: usual(true), least: 10 }
  ])('are valid, never longer than without, nor shorter than the bound: $what', ({ from, least }) => {
    let better = 0;
    fc.assert(
      fc.property(from, request => {
        const problem = toProblem(request);
        fc.pre(problem.jobs.length > 0);
        const plain = constructed(problem);
        const answer = switched(problem, plain, 60);
        expect(check(request, problem, answer)).toEqual([]);
        expect(answer.schedule.makespan).toBeLessThanOrEqual(plain.makespan);
        expect(answer.bound).toBeLessThanOrEqual(answer.schedule.makespan * (1 + 1e-9));
        better += answer.switches > 0 ? 1 : 0;
      }),
      { numRuns: 40, seed: 5 }
    );
    expect(better).toBeGreaterThanOrEqual(least);
  });

  it.each([
    { what: 'whatever is asked', from: any, least: 0 },
    { what: 'for tasks that gain by devices', from: usual(true), least: 10 }
  ])('let tasks that run go on where they are, or move them: $what', ({ from, least }) => {
    let switching = 0;
    let kept = 0;
    fc.assert(
      fc.property(from, drawn => {
        const request = { ...drawn, excludeTechniques: [] };
        const problem = movable(request);
        fc.pre(problem.jobs.some(({ current }) => current !== undefined));
        const answer = switched(problem, stayed(problem), 60);
        expect(check(request, problem, answer)).toEqual([]);
        expect(answer.bound).toBeLessThanOrEqual(answer.schedule.makespan * (1 + 1e-9));
        switching += answer.switches > 0 ? 1 : 0;
        kept += answer.schedule.placed.some(({ start, overhead }) => start === 0 && overhead === 0) ? 1 : 0;
      }),
      { numRuns: 40, seed: 5 }
    );
    expect(switching).toBeGreaterThanOrEqual(least);
    expect(kept).toBeGreaterThanOrEqual(least);
  });

  it.each([
    { what: 'sweeps', generate: sweeps },
    { what: 'the text workload', generate: textWorkload },
    { what: 'distinct tasks', generate: distinct }
  ])(
    'are within one percent of the bound for twelve tasks, a switch costing a minute: $what',
    ({ generate }) => {
      const request = inSteps(generate(101, 12, 1));
      const problem = toProblem(request);
      const plain = annealed(problem, 3000);
      const answer = switched(problem, plain, 150);
      expect(check(request, problem, answer)).toEqual([]);
      expect(answer.schedule.makespan).toBeLessThan(1.01 * answer.bound);
      expect(plain.makespan).toBeGreaterThan(1.01 * answer.bound);
    }
  );

  it('share jobs of several nodes out evenly, and are the same each time', () => {
    const request = inSteps(sweeps(102, 24, 2));
    const problem = toProblem(request);
    const plain = constructed(problem);
    const answer = switched(problem, plain, 300);
    expect(check(request, problem, answer)).toEqual([]);
    expect(answer.schedule.makespan).toBeLessThan(1.01 * answer.bound);
    expect(switched(problem, plain, 300)).toEqual(answer);
    const even = balanceLoads(
      problem,
      problem.jobs.map(() => 0),
      relax(highs, problem, { progress: () => 0 }),
      mulberry32(1),
      () => true
    );
    expect(even.filter(node => node === 1).length).toBeGreaterThan(6);
  });

  it('let what runs go on before anything else takes its devices', () => {
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
    const tasks = ['a', 'b'].map(name => ({ name, steps: 10, options: [option(1, 100, 20)] }));
    const request = {
      ...requestOf([2], [{ ...tasks[0]!, running }, tasks[1]!]),
      switches: 'planned' as const
    };
    const problem = toProblem(request);
    const run = { config: problem.jobs[0]!.configs[0]!, from: 0, to: 1, steps: 10 };
    const timing = { seconds: Float64Array.of(1020), makespan: 1020, prices: new Map() };
    const placed = placeRuns(
      problem,
      0,
      [
        { ...run, config: problem.jobs[1]!.configs[0]!, job: 1, overhead: 20, kept: false },
        { ...run, job: 0, overhead: 0, kept: true }
      ],
      timing
    );
    expect(placed.find(({ job }) => job === 0)).toMatchObject({ start: 0, end: 1000, devices: [0] });
    expect(check(request, problem, { schedule: { placed, makespan: 1020 }, bound: 0, switches: 0 })).toEqual(
      []
    );
  });

  it('give memory back', () => {
    const problem = toProblem(three([2, 3]));
    const plain = constructed(problem);
    switched(problem, plain);
    const before = highs.memoryBytes;
    for (let i = 0; i < 10; i++) {
      switched(problem, plain);
    }
    expect(highs.memoryBytes).toBe(before);
  });
});

/** Every job that runs goes on; the others come after. */
function stayed(problem: IProblem): ISchedule {
  const arrangement = construct(problem, boundOf(problem)).arrangement;
  for (const [job, { current }] of problem.jobs.entries()) {
    if (current !== undefined) {
      arrangement.config[job] = -1;
      arrangement.queues = arrangement.queues.map(queue => queue.filter(other => other !== job));
    }
  }
  return realise(problem, arrangement);
}

describe('the planner', () => {
  const loadHighs = async () => highs;

  it('answers with switches where they are asked for', async () => {
    const request: PlanRequest = { ...three([2, 3]), switches: 'planned', budget: { iterations: 10_000 } };
    const told: Plan[] = [];
    const made = await plan(request, { loadHighs, onProgress: step => told.push(step) });
    expect(checkPlan(request, made)).toEqual([]);
    expect(made).toMatchObject({ method: 'switching', lowerBound: expect.closeTo(1503, 6), optimal: false });
    expect(made.makespan).toBeLessThanOrEqual(1510);
    expect(made.segments.length).toBe(4);
    for (const step of told) {
      expect(checkPlan(request, step)).toEqual([]);
      expect(step.lowerBound).toBeLessThanOrEqual(made.makespan);
    }
  });

  it('has a task that changes places with one like it go on by its own strategy', async () => {
    const own = (technique: string, devices: number, seconds: number, start: number, stop: number) => ({
      ...option(devices, seconds, start, technique),
      stopSeconds: stop
    });
    const kinds = [
      [own('a', 1, 149.58, 2.12, 0.81), own('b', 2, 86.03, 4.39, 1.45), own('a', 3, 64.85, 4.16, 0.62)],
      [own('a', 1, 71.35, 5.11, 0.92), own('b', 2, 38.31, 5.05, 0.86)]
    ];
    const tasks = Array.from({ length: 9 }, (_, i) => ({
      name: `t${i}`,
      steps: 50,
      options: structuredClone(kinds[i % 2]!)
    }));
    const request = requestOf([3], tasks, { switches: 'planned', budget: { iterations: 30_000 } });
    const made = await plan(request, { loadHighs });
    expect(checkPlan(request, made)).toEqual([]);
    expect(made).toMatchObject({ method: 'switching' });
    expect(made.fault).toBeUndefined();
  });

  it('explains what keeps a plan with switches from being shorter, not the one without', async () => {
    const request: PlanRequest = {
      ...three([2, 3]),
      switches: 'planned',
      explain: true,
      budget: { iterations: 10_000 }
    };
    const { explanation } = await plan(request, { loadHighs });
    expect(explanation?.binding).toMatch(
      / keeps all 2 devices busy for 25 min 3 s\. The plan takes 25 min 7 s\.$/
    );
  });

  it('tells what switching would save where it is not asked for', async () => {
    const request: PlanRequest = { ...three([2, 3]), budget: { iterations: 10_000 } };
    const made = await plan(request, { loadHighs });
    expect(checkPlan(request, made)).toEqual([]);
    expect(made).toMatchObject({ makespan: 2004, switching: { switches: 1 } });
    expect(made.switching!.makespan).toBeLessThanOrEqual(1510);
    expect(made.switching!.lowerBound).toBeCloseTo(1503, 6);
  });

  it('claims no more than holds with switches, even without HiGHS', async () => {
    await fc.assert(
      fc.asyncProperty(usual(false), fc.boolean(), async (drawn, able) => {
        const request: PlanRequest = { ...drawn, switches: 'planned', budget: { iterations: 2000 } };
        const made = await plan(request, able ? { loadHighs } : {});
        expect(checkPlan(request, made)).toEqual([]);
        // A plan by other means is no shorter.
        const best = switched(toProblem(request), constructed(toProblem(request)), 60);
        expect(made.lowerBound).toBeLessThanOrEqual(best.schedule.makespan * (1 + 1e-9));
      }),
      { numRuns: 12, seed: 3 }
    );
  });
});
