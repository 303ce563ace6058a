import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { constrainedRequests } from './constrainedRequests.js';
import { option, requestOf } from './planRequests.js';

async function checked(request: PlanRequest): Promise<Plan> {
  const made = await plan(request);
  expect(checkPlan(request, made)).toEqual([]);
  return made;
}

/** A task of 100 s on one device, 60 s on two, 40 s on four. */
function task(name: string) {
  return { name, steps: 10, options: [option(1, 10), option(2, 6), option(4, 4)] };
}

describe('re-planning under constraints', () => {
  it('changes nothing where nothing has changed', async () => {
    let kept = 0;
    for (const drawn of fc.sample(constrainedRequests(7), { numRuns: 80, seed: 11 })) {
      const request = { ...drawn, budget: { iterations: 400 } };
      const { segments } = await checked(request);
      const again = await checked({ ...request, previous: segments, seed: drawn.seed + 1 });
      if (again.method === 'previous') {
        kept++;
        expect(again.segments).toEqual(segments);
      }
    }
    // A search as short as the first may by luck find a plan that is clearly better.
    expect(kept).toBeGreaterThan(65);
  });

  it('keeps a plan with a pin and a deadline, down to its devices', async () => {
    const tasks = ['a', 'b', 'c', 'd', 'e', 'f'].map(task);
    const request = requestOf(
      [4, 2],
      [
        { ...tasks[0]!, pin: { node: 'n0', devices: ['d1', 'd2'] } },
        { ...tasks[1]!, deadline: 150 },
        ...tasks.slice(2)
      ]
    );
    const first = await checked(request);
    const again = await checked({ ...request, previous: first.segments, seed: 7 });
    expect(again.method).toBe('previous');
    expect(again.segments).toEqual(first.segments);
    expect(again.carryOn).toBe(again.makespan);
  });

  it('tells how long the earlier plan would go on, whatever is made small', async () => {
    const tasks = ['a', 'b', 'c'].map(task);
    const slow = requestOf([2], tasks, { limits: { concurrent: 1 } });
    const { segments, makespan } = await checked(slow);
    const free = await checked({ ...slow, limits: { concurrent: 2 }, previous: segments });
    expect(free.carryOn).toBeGreaterThanOrEqual(free.makespan);
    expect(free.carryOn).toBeLessThanOrEqual(makespan);
    const weighted = { ...slow, objective: 'weighted-completion' as const, previous: segments };
    expect((await checked(weighted)).carryOn).toBeCloseTo(makespan);
    expect((await checked(slow)).carryOn).toBeUndefined();
  });

  it('follows an earlier plan where a task is new and a device is gone', async () => {
    const request = requestOf([4, 4], [{ ...task('a'), deadline: 60 }, ...['b', 'c', 'd', 'e'].map(task)]);
    const { segments } = await checked(request);
    const later = {
      ...requestOf([4, 3], [...request.tasks, { ...task('f'), earliestStart: 50 }]),
      previous: segments
    };
    const { conflicts, makespan } = await checked(later);
    expect(conflicts).toBeUndefined();
    expect(makespan).toBeLessThan(2 * 300);
  });

  it('gives an earlier plan up for a new constraint', async () => {
    const request = requestOf([2], [...['a', 'b', 'c'].map(task)], { limits: { concurrent: 5 } });
    const { segments } = await checked(request);
    const last = segments.reduce((a, b) => (b.end > a.end ? b : a)).task;
    const tasks = request.tasks.map(one => (one.name === last ? { ...one, deadline: 60 } : one));
    const again = await checked({ ...request, tasks, previous: segments });
    expect(again.conflicts).toBeUndefined();
    expect(again.method).not.toBe('previous');
  });

  it('moves a running task only where that is worth the risk', async () => {
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
    const made = (overhead: number) =>
      checked(
        requestOf(
          [2],
          [{ name: 'a', steps: 10, options: [option(1, 10), option(2, 9.9 - overhead / 10)], running }],
          { switches: 'running', objective: 'weighted-completion' }
        )
      );
    expect((await made(0)).segments[0]!.devices).toEqual(['d0']);
    expect((await made(40)).segments[0]!.devices).toEqual(['d0', 'd1']);
  });
});

it.each(['running', 'planned'] as const)(
  'charges a task that must leave where it runs for its checkpoint, in every plan: %s',
  async switches => {
    const [single, ddp] = [option(1, 1, 1, 'single'), option(2, 0.9, 1)].map(one => ({
      ...one,
      stopSeconds: 3
    }));
    const running = { strategy: single!.strategy, node: 'n0', devices: ['d0'] };
    const task = { name: 'a', steps: 100, options: [single!, ddp!], running, pin: { technique: 'ddp' } };
    const others = ['b', 'c'].map(name => ({ name, steps: 50, options: [single!, ddp!] }));
    for (const tasks of [[task], [task, ...others]]) {
      const request = { ...requestOf([2], tasks), switches };
      const made = await checked(request);
      const moved = made.segments.find(segment => segment.task === 'a');
      expect(moved).toMatchObject({ strategy: ddp!.strategy, overheadSeconds: 4 });
      expect(made.segments.every(({ end }) => end <= made.makespan)).toBe(true);
    }
  }
);

describe('bounds where switches are allowed', () => {
  it('hold for tasks that change places while they run', async () => {
    // Half on one device while the other is taken, the rest on both: done by 55 s, sooner than in either way alone.
    const busy = {
      name: 'busy',
      steps: 50,
      options: [option(1, 1)],
      running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d1'] },
      pin: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d1'] }
    };
    const mixed = { name: 'mixed', steps: 10, options: [option(1, 10), option(2, 1)] };
    const request = requestOf([2], [busy, mixed], { limits: { concurrent: 9 } });
    expect((await checked(request)).lowerBound).toBeCloseTo(60);
    expect((await plan({ ...request, switches: 'planned' })).lowerBound).toBeLessThanOrEqual(55);
  });
});
