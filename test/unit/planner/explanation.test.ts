import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { effortWithin } from '../../../src/core/planner/explanation/effort.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import type { PlanRequest, TaskExplanation } from '../../../src/core/wire/messages.js';
import { validate } from '../../../src/core/wire/messages.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

const explained = (request: PlanRequest): PlanRequest => ({ ...request, explain: true });

/** The shortest plan in which a task uses one strategy, by trying everything. */
function forced(request: PlanRequest, { task }: TaskExplanation, technique: string, devices: number): number {
  return bruteForce({
    ...request,
    tasks: request.tasks.map(own =>
      own.name === task
        ? {
            ...own,
            options: own.options.filter(
              ({ strategy }) => strategy.technique === technique && strategy.devices === devices
            )
          }
        : own
    )
  });
}

describe('an explanation', () => {
  it('tells a price for every other technique and device count, none below the truth', async () => {
    await fc.assert(
      fc.asyncProperty(
        requests({ nodes: 2, size: 3, tasks: 4, options: 4, running: false }),
        async request => {
          const made = await plan(explained(request));
          validate('Plan', JSON.parse(JSON.stringify(made)));
          expect(checkPlan(request, made)).toEqual([]);
          const strategies = new Map(made.segments.map(({ task, strategy }) => [task, strategy]));
          for (const one of made.explanation?.tasks ?? []) {
            expect(one.strategy).toEqual(strategies.get(one.task));
            for (const { strategy, makespan, price } of one.alternatives) {
              const truth = forced(request, one, strategy.technique, strategy.devices);
              expect(makespan).toBeGreaterThanOrEqual(truth * (1 - 1e-9));
              expect(price).toBe(Math.max(0, makespan - made.makespan));
            }
            const prices = one.alternatives.map(({ price }) => price);
            expect(prices).toEqual([...prices].sort((a, b) => a - b));
          }
          expect(made.explanation?.tasks ?? []).toHaveLength(strategies.size);
        }
      ),
      { numRuns: 100 }
    );
  });

  it('finds the true price nearly always', async () => {
    let prices = 0;
    let exact = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { request } = sweeps(seed, 3, 1, 4);
      const made = await plan(explained(request));
      for (const one of made.explanation!.tasks) {
        for (const { strategy, makespan } of one.alternatives) {
          prices++;
          const truth = forced(request, one, strategy.technique, strategy.devices);
          exact += makespan <= truth * (1 + 1e-9) ? 1 : 0;
        }
      }
    }
    expect(prices).toBeGreaterThan(100);
    expect(exact / prices).toBeGreaterThan(0.97);
  });

  it('leaves out what cannot be: excluded techniques, too many devices, the choice itself', async () => {
    const request = requestOf(
      [2],
      [
        {
          name: 'a',
          steps: 10,
          options: [option(1, 2), option(1, 3, 0, 'fsdp'), option(2, 1.5, 0, 'fsdp'), option(4, 0.5)]
        }
      ],
      { excludeTechniques: ['fsdp'] }
    );
    const made = await plan(explained(request));
    expect(made.explanation!.tasks).toEqual([
      { task: 'a', strategy: { technique: 'ddp', devices: 1 }, alternatives: [] }
    ]);
  });

  it('tells how wrong an estimate may be: up to the next best choice', async () => {
    const request = requestOf(
      [2],
      [{ name: 'a', steps: 10, options: [option(2, 1), option(2, 1.25, 0, 'fsdp'), option(1, 2)] }]
    );
    const [task] = (await plan(explained(request))).explanation!.tasks;
    expect(task).toMatchObject({ strategy: { technique: 'ddp', devices: 2 } });
    expect(task!.alternatives.map(({ price }) => price)).toEqual([2.5, 10]);
    expect(task!.tolerance).toBeCloseTo(0.25, 2);
  });

  it('tells no tolerance where there is no choice', async () => {
    const made = await plan(explained(requestOf([2], [{ name: 'a', steps: 10, options: [option(2, 1)] }])));
    expect(made.explanation!.tasks[0]).not.toHaveProperty('tolerance');
  });

  it('counts tasks that differ in their name only as one kind', async () => {
    const options = [option(1, 3), option(2, 1.6), option(3, 1.2)];
    const tasks = ['a', 'b', 'c', 'd'].map(name => ({ name, steps: 10, options }));
    const made = await plan(explained(requestOf([3], tasks)));
    const chosen = new Set(made.explanation!.tasks.map(({ strategy }) => strategy.devices));
    for (const { alternatives } of made.explanation!.tasks) {
      for (const { strategy, price } of alternatives) {
        // Two tasks of a kind may swap roles.
        expect(chosen.has(strategy.devices) ? price : 0).toBe(0);
      }
    }
  });

  it('prices staying and leaving of running tasks that may be moved', async () => {
    const request = requestOf(
      [2],
      [
        {
          name: 'a',
          steps: 100,
          options: [{ ...option(1, 1, 10), stopSeconds: 5 }, option(2, 0.5, 10)],
          running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d1'] }
        }
      ],
      { switches: 'running' }
    );
    const made = await plan(explained(request));
    expect(checkPlan(request, made)).toEqual([]);
    expect(made.makespan).toBe(65);
    expect(made.explanation!.tasks).toMatchObject([
      {
        task: 'a',
        strategy: { devices: 2 },
        alternatives: [{ strategy: { devices: 1 }, makespan: 100, price: 35 }]
      }
    ]);
  });

  it('says what binds, with numbers', async () => {
    const work = Array.from({ length: 8 }, (_, i) => ({
      name: `t${i}`,
      steps: 90,
      options: [option(1, 40)]
    }));
    const area = await plan(explained(requestOf([4], work)));
    expect(area.explanation!.binding).toBe(
      'The work of all tasks, each done in the cheapest way that is fast enough, keeps all 4 devices busy for 2 h.'
    );
    const long = { name: 'long', steps: 1000, options: [option(1, 20), option(2, 18)] };
    const task = await plan(explained(requestOf([4], [...work, long])));
    expect(task.explanation!.binding).toMatch(
      /^Task "long" alone takes 5 h by its fastest strategy, ddp x2; more devices would not help\./
    );
  });

  it('gives the same answer to the same question, and bounds the work for many tasks', async () => {
    const request = explained({ ...sweeps(101, 60, 4).request, budget: { iterations: 2000 } });
    const [one, two] = [await plan(request), await plan(request)];
    expect(one).toEqual(two);
    expect(checkPlan(request, one)).toEqual([]);
    expect(one.explanation!.tasks).toHaveLength(60);
  });
});

describe('the work of an explanation', () => {
  const problem = (jobs: number) =>
    toProblem(
      requestOf(
        [4],
        Array.from({ length: jobs }, (_, i) => ({ name: `t${i}`, steps: 1 + i, options: [option(1, 9)] }))
      )
    );
  const effort = (jobs: number, seconds: number) =>
    effortWithin({ seconds }, problem(jobs), new Array<number>(jobs).fill(20));

  it('is all of it for a dozen tasks, however short the budget', () => {
    expect(effort(12, 0)).toMatchObject({ anywhere: true, tolerance: true });
    expect(effort(12, 0).choices).toBeGreaterThanOrEqual(20);
    expect(effort(12, 0).steps).toBeGreaterThanOrEqual(256);
  });

  it('grows with the budget where there are many, and never ends at nothing', () => {
    expect(effort(1000, 1)).toEqual({ choices: 1, anywhere: false, steps: 0, tolerance: false });
    expect(effort(1000, 60).choices).toBeGreaterThanOrEqual(20);
    expect(effort(100, 1).steps).toBe(0);
    expect(effort(100, 60).steps).toBeGreaterThanOrEqual(256);
  });
});
