import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeBaselines } from '../../../src/core/planner/baselines/baselines.js';
import { lowerBound } from '../../../src/core/planner/bounds/area.js';
import { fastestPerCount, paretoFront } from '../../../src/core/planner/pareto.js';
import { toProblem } from '../../../src/core/planner/problem.js';
import { mulberry32 } from '../../../src/core/planner/random.js';
import { arrangementOf, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { Lanes } from '../../../src/core/planner/schedule/lanes.js';
import { Timeline } from '../../../src/core/planner/schedule/timeline.js';
import type { PlanRequest } from '../../../src/core/wire/generated/types.js';
import { option, requestOf, requests } from './requests.js';

function baseline(request: PlanRequest, name: string) {
  const problem = toProblem(request);
  const { schedule } = makeBaselines(problem, 1).find(candidate => candidate.name === name)!;
  const placed = schedule.placed.map(({ job, config, node, start }) => [
    problem.jobs[job]!.name,
    config.devices,
    node,
    start
  ]);
  return { makespan: schedule.makespan, placed };
}

/** 10 s of work that scales perfectly, `overhead` s that does not. */
function scaling(name: string, counts: number[], overhead = 0) {
  return { name, steps: 1, options: counts.map(count => option(count, 40 / count, overhead)) };
}

describe('baselines', () => {
  const three = ['a', 'b', 'c'].map(name => scaling(name, [1, 2, 4]));

  it('max gives each task a whole node, as large as each node is', () => {
    expect(baseline(requestOf([4, 2], three), 'max')).toEqual({
      makespan: 20,
      placed: [
        ['a', 4, 0, 0],
        ['b', 4, 0, 10],
        ['c', 2, 1, 0]
      ]
    });
  });

  it('min gives each as little as it can use, in turn', () => {
    expect(baseline(requestOf([2], three), 'min')).toEqual({
      makespan: 80,
      placed: [
        ['a', 1, 0, 0],
        ['b', 1, 0, 0],
        ['c', 1, 0, 40]
      ]
    });
  });

  it('min shares out evenly when devices are left over', () => {
    expect(baseline(requestOf([4, 4], three), 'min').placed.map(([, devices]) => devices)).toEqual([2, 2, 2]);
  });

  it('current practice runs the fastest strategy on a node of its own, longest first', () => {
    const tasks = [scaling('small', [1]), scaling('wide', [1, 2, 4], 50)];
    expect(baseline(requestOf([4], tasks), 'current-practice')).toEqual({
      makespan: 100,
      placed: [
        ['wide', 4, 0, 0],
        ['small', 1, 0, 60]
      ]
    });
  });

  it('optimus gives spare devices to those who gain most, whenever devices become free', () => {
    const tasks = [scaling('a', [1, 2]), scaling('b', [1, 2, 3]), scaling('c', [3])];
    expect(baseline(requestOf([4], tasks), 'optimus-dynamic')).toEqual({
      makespan: 20 + 40 / 3,
      placed: [
        ['a', 2, 0, 0],
        ['b', 2, 0, 0],
        ['c', 3, 0, 20]
      ]
    });
  });

  it('random is the same for the same seed', () => {
    const request = requestOf([4, 2], three);
    expect(baseline(request, 'random')).toEqual(baseline(request, 'random'));
  });

  it('can all be replayed as arrangements without ending later', () => {
    fc.assert(
      fc.property(requests({ nodes: 3, size: 5, tasks: 10, options: 6 }), request => {
        const problem = toProblem(request);
        for (const { schedule } of makeBaselines(problem, request.seed)) {
          const replayed = realise(problem, arrangementOf(problem, schedule));
          expect(replayed.makespan).toBeLessThanOrEqual(schedule.makespan);
        }
      })
    );
  });
});

describe('lower bound', () => {
  it('is the total work over all devices when that is more than any task', () => {
    const tasks = ['a', 'b', 'c'].map(name => scaling(name, [1, 2]));
    expect(lowerBound(toProblem(requestOf([2], tasks)))).toEqual({
      seconds: expect.closeTo(60, 8),
      binding: 'area'
    });
  });

  it('is the longest task at its fastest when that is more', () => {
    const bound = lowerBound(toProblem(requestOf([8], [scaling('a', [1, 2]), scaling('b', [1])])));
    expect(bound).toEqual({ seconds: expect.closeTo(40, 8), binding: 'longest-task' });
  });

  it('counts only strategies fast enough: a cheap slow one does not make the work small', () => {
    // One device takes 100 s, two take 60 s each: in less than 100 s the work is 120 device-seconds on two devices.
    const options = [option(1, 100), option(2, 60)];
    const bound = lowerBound(toProblem(requestOf([2], [{ name: 'a', steps: 1, options }])));
    expect(bound.seconds).toBeCloseTo(60, 8);
  });

  it('counts running tasks', () => {
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
    const tasks = [
      { name: 'old', steps: 1, options: [option(1, 30)], running },
      { name: 'new', steps: 1, options: [option(1, 40)] },
      { name: 'next', steps: 1, options: [option(1, 40)] }
    ];
    expect(lowerBound(toProblem(requestOf([2], tasks))).seconds).toBeCloseTo(55, 8);
  });
});

describe('configurations', () => {
  const config = (devices: number, seconds: number) => ({
    option: option(devices, seconds),
    devices,
    seconds,
    overhead: 0
  });

  it('keep the fastest per count, and of those only what more devices make faster', () => {
    const list = [config(2, 9), config(1, 10), config(4, 7), config(2, 8), config(3, 8), config(1, 12)];
    const short = (configs: typeof list) => configs.map(({ devices, seconds }) => [devices, seconds]);
    expect(short(fastestPerCount(list))).toEqual([
      [1, 10],
      [2, 8],
      [3, 8],
      [4, 7]
    ]);
    expect(short(paretoFront(list))).toEqual([
      [1, 10],
      [2, 8],
      [4, 7]
    ]);
  });
});

describe('lanes', () => {
  it('place exactly as a timeline of named devices does', () => {
    const job = fc.record({
      devices: fc.integer({ min: 1, max: 5 }),
      seconds: fc.integer({ min: 0, max: 9 })
    });
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }), fc.array(job), (freeAt, jobs) => {
        const lanes = new Lanes(freeAt);
        const timeline = new Timeline({ id: 'n', devices: ['a', 'b', 'c', 'd', 'e'], freeAt });
        for (const { devices, seconds } of jobs) {
          lanes.place(devices, seconds);
          timeline.place(devices, seconds);
        }
        const sorted = [...timeline.times()].sort((a, b) => a - b);
        expect(sorted.map((_, i) => lanes.startOf(i + 1))).toEqual(sorted);
        expect(lanes.end).toBe(sorted[4]);
        expect(lanes.spent).toBe(sorted.reduce((sum, free) => sum + free, 0));
      })
    );
  });
});

describe('mulberry32', () => {
  it('gives its known first numbers', () => {
    const random = mulberry32(1);
    expect([random(), random(), random()]).toEqual([
      0.6270739405881613, 0.002735721180215478, 0.5274470399599522
    ]);
  });
});
