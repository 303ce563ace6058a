import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { makespanOf } from '../../../src/core/planner/replan/insertion.js';
import { withPessimisticTimes } from '../../../src/core/planner/replan/pessimisticTimes.js';
import { followPrevious, takePrevious } from '../../../src/core/planner/replan/previousPlan.js';
import { KEPT, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { toSegments } from '../../../src/core/planner/schedule/schedule.js';
import type { Plan, PlanRequest, PlanTask, Segment } from '../../../src/core/wire/messages.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { replanCase, withSteps } from '../../bench/replanCase.js';
import { option, requestOf, requests } from './planRequests.js';

/** Ask again with the answer as the plan to start from. */
async function again(request: PlanRequest, made: Plan, more: Partial<PlanRequest> = {}): Promise<Plan> {
  const next = { ...request, ...more, previous: made.segments };
  const answer = await plan(next);
  expect(checkPlan(next, answer)).toEqual([]);
  return answer;
}

const placesOf = ({ segments }: Pick<Plan, 'segments'>) =>
  new Map(segments.map(({ task, strategy, node, devices }) => [task, { strategy, node, devices }]));

/** Requests as {@link requests} draws them, whose running tasks may be moved. */
const moving = requests({ nodes: 3, size: 4, tasks: 8, options: 4 }).map(
  (request): PlanRequest => ({ ...request, switches: 'running' })
);

describe('planning anew', () => {
  it('keeps a choice of the earlier plan that no plan needs', async () => {
    const request = requestOf(
      [4, 1, 1],
      [
        {
          name: 't0',
          steps: 1,
          options: [option(1, 4)],
          running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] }
        },
        { name: 't1', steps: 0, options: [option(1, 0), option(2, 0)] },
        { name: 't2', steps: 0, options: [option(4, 0, 2), option(2, 0, 5)] }
      ]
    );
    const made = await plan(request);
    const wide = made.segments.map(segment =>
      segment.task === 't1'
        ? { ...segment, node: 'n0', devices: ['d1', 'd2'], strategy: { technique: 'ddp', devices: 2 } }
        : segment
    );
    expect((await again(request, { ...made, segments: wide })).segments).toEqual(wide);
  });

  it('without news changes nothing, or finds a plan clearly shorter', async () => {
    await fc.assert(
      fc.asyncProperty(requests({ nodes: 3, size: 4, tasks: 8, options: 4 }), async request => {
        const made = await plan(request);
        const answer = await again(request, made);
        if (answer.makespan > made.makespan * 0.995) {
          expect(answer.segments).toEqual(made.segments);
        }
      }),
      { numRuns: 100 }
    );
  });

  it('looks for nothing where the bound leaves less than a percent to gain', async () => {
    const lengths = [50, 50.4, 50, 49.9];
    const tasks = lengths.map((seconds, i) => ({ name: `t${i}`, steps: 1, options: [option(1, seconds)] }));
    const request = { ...requestOf([2], tasks), budget: { seconds: 1e6 } };
    const segments = lengths.map((seconds, i): Segment => {
      const start = i < 2 ? 0 : lengths[i - 2]!;
      const place = { node: 'n0', devices: [`d${i % 2}`], strategy: { technique: 'ddp', devices: 1 } };
      return { ...place, task: `t${i}`, steps: 1, start, end: start + seconds };
    });
    const answer = await plan({ ...request, previous: segments });
    expect(answer).toMatchObject({ method: 'previous', segments, optimal: false });
    expect(answer.gap).toBeGreaterThan(0);
  });

  it('gives the same answer to the same question', async () => {
    const first = withSteps(sweeps(104, 12, 1).request);
    const made = await plan({ ...first, budget: { iterations: 3000 } });
    const later = { ...replanCase(first, made.segments, 4), budget: { iterations: 3000 } };
    const [one, two] = [await plan(later), await plan(later)];
    expect(one).toEqual(two);
    expect(checkPlan(later, one)).toEqual([]);
  });

  it('is valid and no longer than what simple rules give, whatever the earlier plan says', async () => {
    await fc.assert(
      fc.asyncProperty(moving, moving, async (request, other) => {
        const stale = await plan(other);
        const answer = await again(request, stale);
        for (const { makespan, name } of answer.baselines) {
          if (name !== 'round-robin' && name !== 'optimus-dynamic') {
            expect(answer.makespan).toBeLessThanOrEqual(makespan);
          }
        }
      }),
      { numRuns: 100 }
    );
  });

  it('tells at once of a plan that follows the earlier one, or else of one around what runs', async () => {
    const first = withSteps(sweeps(106, 24, 2).request);
    const made = await plan(first);
    const { previous, ...unknown } = replanCase(first, made.segments, 6);
    for (const request of [{ ...unknown, previous: previous! }, unknown]) {
      const told: Plan[] = [];
      const last = await plan(request, { onProgress: one => told.push(one) });
      expect(told[0]).toMatchObject({
        method: 'previous' in request ? 'previous' : 'construction',
        baselines: []
      });
      expect(told.flatMap(one => checkPlan(request, one))).toEqual([]);
      expect(last.baselines.length).toBeGreaterThan(0);
    }
  });

  it('leaves running tasks where they are when the request does not let them move', async () => {
    const first = withSteps(sweeps(105, 12, 1).request);
    const made = await plan(first);
    const later: PlanRequest = { ...replanCase(first, made.segments, 5), switches: 'none' };
    const answer = await plan(later);
    expect(checkPlan(later, answer)).toEqual([]);
  });
});

describe('news', () => {
  const long = (name: string): PlanTask => ({ name, steps: 100, options: [option(1, 1), option(2, 0.6)] });

  it('a task stopped: those that run stay, the others move up', async () => {
    const request = requestOf([2], ['a', 'b', 'c', 'd'].map(long));
    const made = await plan(request);
    const rest = { ...request, tasks: request.tasks.filter(({ name }) => name !== 'b') };
    const answer = await plan({ ...rest, previous: made.segments });
    expect(checkPlan(rest, answer)).toEqual([]);
    expect(answer.makespan).toBeLessThan(made.makespan);
  });

  it('new tasks: put in beside what was planned', async () => {
    const request = requestOf([2, 2], ['a', 'b', 'c', 'd'].map(long));
    const made = await plan(request);
    const answer = await again({ ...request, tasks: [...request.tasks, long('e'), long('f')] }, made);
    expect(answer.segments).toHaveLength(6);
    expect(answer.makespan).toBeLessThanOrEqual(160 + 1e-9);
  });

  it('a lost node: its tasks go elsewhere, the others keep their devices', async () => {
    const narrow = (name: string): PlanTask => ({ name, steps: 100, options: [option(1, 1)] });
    const request = requestOf([2, 2], ['a', 'b', 'c', 'd'].map(narrow));
    const made = await plan(request);
    const left = { nodes: request.cluster.nodes.slice(0, 1) };
    const answer = await again(request, made, { cluster: left });
    const before = placesOf(made);
    const after = placesOf(answer);
    expect(answer.method).toBe('previous');
    for (const [task, place] of before) {
      if (place.node === 'n0') {
        expect(after.get(task)).toEqual(place);
      }
    }
  });

  it('nothing but a longer running task: the plan is followed, each task on its devices', () => {
    const tasks = ['a', 'b', 'c', 'd'].map(
      (name, i): PlanTask => ({ name, steps: 10 + i, options: [option(1, 1)] })
    );
    const problem = toProblem(requestOf([2], tasks));
    const previous: Segment[] = [
      ['a', 'd1', 0, 10],
      ['b', 'd0', 0, 11],
      ['d', 'd1', 10, 23],
      ['c', 'd0', 11, 23]
    ].map(([task, device, start, end]) => ({
      task: task as string,
      strategy: { technique: 'ddp', devices: 1 },
      node: 'n0',
      devices: [device as string],
      start: start as number,
      end: end as number,
      steps: (end as number) - (start as number)
    }));
    const taken = takePrevious(problem, previous)!;
    expect(toSegments(problem, taken).map(({ task, devices, start }) => [task, devices[0], start])).toEqual([
      ['a', 'd1', 0],
      ['b', 'd0', 0],
      ['d', 'd1', 10],
      ['c', 'd0', 11]
    ]);
    const shorter = previous.map(segment => (segment.task === 'a' ? { ...segment, end: 9 } : segment));
    expect(takePrevious(problem, shorter)).toBeUndefined();
    expect(followPrevious(problem, shorter)).toEqual({ config: [0, 0, 0, 0], queues: [[0, 1, 3, 2]] });
  });
});

describe('a running task is moved', () => {
  const mover = (steps: number, high: number): PlanRequest =>
    requestOf(
      [2, 1],
      [
        {
          name: 'runs',
          steps,
          options: [
            option(1, 1, 10),
            { ...option(2, 0.55, 10), stepSecondsLow: 0.55, stepSecondsHigh: high }
          ],
          running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n1', devices: ['d0'] }
        }
      ],
      { switches: 'running' }
    );

  it('when that pays even if the new strategy is as slow as it may be', async () => {
    const answer = await plan(mover(100, 0.6));
    expect(answer.segments).toMatchObject([{ task: 'runs', node: 'n0', start: 0, end: 65 }]);
    expect(checkPlan(mover(100, 0.6), answer)).toEqual([]);
  });

  it('not when the measurement is too vague for the gain', async () => {
    const request = mover(40, 0.95);
    const answer = await plan(request);
    expect(answer.segments).toMatchObject([{ task: 'runs', node: 'n1', start: 0, end: 40 }]);
    expect(checkPlan(request, answer)).toEqual([]);
  });

  it('however vague the measurement, when the gain is more than the way back takes', async () => {
    const answer = await plan(mover(100, 0.95));
    expect(answer.segments).toMatchObject([{ task: 'runs', node: 'n0', start: 0, end: 65 }]);
  });

  it('not when the start costs more than it gains', async () => {
    const answer = await plan(mover(20, 0.55));
    expect(answer.segments).toMatchObject([{ task: 'runs', node: 'n1', start: 0, end: 20 }]);
    // Nor does the bound count a start that staying does without.
    expect(answer).toMatchObject({ makespan: 20, lowerBound: 20, gap: 0, optimal: true });
  });

  it('only if its own move makes the plan shorter', async () => {
    const runs = (name: string, device: string, steps: number): PlanTask => ({
      name,
      steps,
      options: [option(1, 1, 5), option(2, 0.5, 5)],
      running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: [device] }
    });
    const request = requestOf([4], [runs('long', 'd0', 100), runs('short', 'd1', 30)], {
      switches: 'running'
    });
    const answer = await plan(request);
    expect(checkPlan(request, answer)).toEqual([]);
    expect(answer.segments).toMatchObject([
      { task: 'long', strategy: { devices: 2 }, start: 0, end: 55 },
      { task: 'short', strategy: { devices: 1 }, devices: ['d1'], start: 0, end: 30 }
    ]);
  });

  it('with caution counting moves only, never waiting tasks or the same strategy', () => {
    const request = mover(100, 0.6);
    const waiting: PlanTask = { name: 'waits', steps: 10, options: [option(1, 1, 10)] };
    const problem = toProblem({ ...request, tasks: [...request.tasks, waiting] });
    const [runs, waits] = withPessimisticTimes(problem).jobs;
    expect(runs!.configs.map(({ seconds }) => seconds)).toEqual([110.5, 70.5].map(n => expect.closeTo(n)));
    expect(waits).toBe(problem.jobs[1]);
    const arrangement = { config: [KEPT, 0], queues: [[1], []] };
    expect(makespanOf(problem, arrangement)).toBe(realise(problem, arrangement).makespan);
  });

  it('with caution counting the same strategy on other devices, whose speed is another measurement', () => {
    const here = { ...option(1, 1), nodes: ['n0'] };
    const there = { ...option(1, 0.6, 10), nodes: ['n1'] };
    const running = { strategy: here.strategy, node: 'n0', devices: ['d0'] };
    const request = requestOf([1, 1], [{ name: 'runs', steps: 100, options: [here, there], running }], {
      switches: 'running'
    });
    const [runs] = withPessimisticTimes(toProblem(request)).jobs;
    const moved = runs!.configs.find(config => config.option.stepSeconds === 0.6);
    // 10 s to start, 100 steps, 5 % of the start, and 5 steps that are 5 % slower until it goes back.
    expect(moved?.seconds).toBeCloseTo(10 + 60 + 0.5 + 5 * 0.6 * 0.05);
  });
});
