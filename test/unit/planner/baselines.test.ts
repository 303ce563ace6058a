import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFeasibility } from '../../../src/core/model/checker/feasibility.js';
import { interrupts, makeBaselines } from '../../../src/core/planner/baselines/baselines.js';
import { apportion } from '../../../src/core/planner/baselines/marginalGain.js';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { fastestPerCount, paretoFront } from '../../../src/core/planner/problem/pareto.js';
import { arrangementOf, realise } from '../../../src/core/planner/schedule/arrangement.js';
import { Lanes } from '../../../src/core/planner/schedule/lanes.js';
import { toSegments } from '../../../src/core/planner/schedule/schedule.js';
import { Timeline } from '../../../src/core/planner/schedule/timeline.js';
import type { PlanOption, PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { option, requestOf, requests } from './planRequests.js';

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

  it('optimus shares out devices to those who gain most, looking one step ahead', () => {
    const rung = (devices: number, seconds: number) => ({ devices, seconds });
    const steep = [rung(1, 40), rung(2, 20), rung(4, 10)];
    const flatThenSteep = [rung(1, 40), rung(2, 39), rung(3, 1)];
    expect(apportion([steep, flatThenSteep], 4)).toEqual([1, 1]);
    expect(apportion([flatThenSteep], 3)).toEqual([2]);
    expect(apportion([steep, flatThenSteep], 5)).toEqual([2, 0]);
    expect(apportion([steep, steep, steep], 2)).toEqual([0, 0, 0]);
  });

  it('optimus static settles the counts once; a node with as many tasks as devices spares none', () => {
    const tasks = [scaling('a', [1, 2]), scaling('b', [1, 2, 3]), scaling('c', [1])];
    expect(baseline(requestOf([4], tasks), 'optimus-static')).toEqual({
      makespan: 40,
      placed: [
        ['b', 1, 0, 0],
        ['c', 1, 0, 0],
        ['a', 2, 0, 0]
      ].sort((x, y) => (x[1] as number) - (y[1] as number))
    });
    expect(baseline(requestOf([3], tasks), 'optimus-static').placed.map(([, devices]) => devices)).toEqual([
      1, 1, 1
    ]);
  });

  it('optimus dynamic shares out again whenever devices become free, at the price of stop and start', () => {
    const fine = (name: string, counts: number[]) => ({
      name,
      steps: 40,
      options: counts.map(count => ({ ...option(count, 1 / count, 1), stopSeconds: 2 }))
    });
    const request = requestOf([4], [fine('long', [1, 2, 4]), fine('short', [2])]);
    const problem = toProblem(request);
    const { schedule } = makeBaselines(problem, 1).find(({ name }) => name === 'optimus-dynamic')!;
    expect(toSegments(problem, schedule)).toMatchObject([
      { task: 'long', start: 0, end: 21 },
      { task: 'short', start: 0, end: 21 }
    ]);
    const uneven = requestOf([4], [fine('long', [1, 2, 4]), { ...fine('short', [2]), steps: 18 }]);
    const later = toProblem(uneven);
    const moved = makeBaselines(later, 1).find(({ name }) => name === 'optimus-dynamic')!;
    expect(interrupts(moved)).toBe(true);
    // 18 of 40 steps are done at 10 s; the other 22 take 5.5 s on 4 devices instead of 11 s, at a price of 3 s.
    expect(toSegments(later, moved.schedule)).toMatchObject([
      { task: 'long', start: 0, end: 12, steps: 18, overheadSeconds: 3 },
      { task: 'short', start: 0, end: 10 },
      { task: 'long', start: 12, end: 18.5, steps: 22, overheadSeconds: 1 }
    ]);
  });

  it('round-robin gives each task a quarter of its steps on a whole node at a time', () => {
    const tasks = ['a', 'b'].map(name => ({
      name,
      steps: 6,
      options: [{ ...option(2, 1, 1), stopSeconds: 3 }]
    }));
    const problem = toProblem(requestOf([2], tasks));
    const { schedule } = makeBaselines(problem, 1).find(({ name }) => name === 'round-robin')!;
    const turns = toSegments(problem, schedule).map(({ task, start, steps }) => [task, start, steps]);
    expect(turns).toEqual([
      ['a', 0, 2],
      ['b', 6, 2],
      ['a', 12, 1],
      ['b', 17, 1],
      ['a', 22, 2],
      ['b', 28, 2],
      ['a', 34, 1],
      ['b', 36, 1]
    ]);
    const alone = toProblem(requestOf([2], tasks.slice(0, 1)));
    expect(makeBaselines(alone, 1).map(({ schedule: { placed } }) => placed.length)).toEqual(
      makeBaselines(alone, 1).map(() => 1)
    );
  });

  it('respect what no constraint can change: devices, memory, the nodes it was measured for, spans', () => {
    const place = fc.record({
      peak: fc.constantFrom(undefined, 1e9, 2e9),
      nodes: fc.constantFrom<(string[] | undefined)[]>(undefined, ['n0'], ['n1', 'n2']),
      span: fc.constantFrom(undefined, undefined, 2)
    });
    const changes = fc.array(place, { minLength: 5, maxLength: 5 });
    const shape = { nodes: 3, size: 5, tasks: 10, options: 6 };
    const memory = fc.array(fc.constantFrom(1e9, 2e9), { minLength: 5, maxLength: 5 });
    const switches = fc.constantFrom<PlanRequest['switches']>(undefined, 'running');
    fc.assert(
      fc.property(
        requests(shape),
        fc.boolean(),
        changes,
        memory,
        switches,
        (drawn, plain, drawnPlaces, sizes, moves) => {
          const request: PlanRequest = {
            ...drawn,
            switches: moves,
            cluster: {
              nodes: drawn.cluster.nodes.map(node => ({
                ...node,
                devices: node.devices.map((device, i) => ({
                  ...device,
                  memoryBytes: plain ? 2e9 : sizes[i]!
                }))
              }))
            },
            tasks: drawn.tasks.map(
              ({ running, ...task }): PlanTask => ({
                ...task,
                ...(plain && running !== undefined && { running }),
                options: task.options.map((each, i): PlanOption => {
                  const { peak, nodes, span } = drawnPlaces[i % drawnPlaces.length]!;
                  const even = each.strategy.devices % 2 === 0;
                  return {
                    ...each,
                    stopSeconds: i,
                    ...(!plain && {
                      ...(peak !== undefined && { peakBytes: peak }),
                      ...(nodes !== undefined && { nodes }),
                      ...(span !== undefined && even && { span })
                    })
                  };
                })
              })
            )
          };
          const problem = toProblem(request);
          for (const { name, schedule } of makeBaselines(problem, request.seed)) {
            const segments = toSegments(problem, schedule);
            const { makespan } = schedule;
            expect([
              name,
              checkFeasibility(request, { segments, makespan, unplanned: problem.unplanned })
            ]).toEqual([name, []]);
          }
        }
      ),
      { numRuns: 400 }
    );
  });

  it('random is the same for the same seed', () => {
    const request = requestOf([4, 2], three);
    expect(baseline(request, 'random')).toEqual(baseline(request, 'random'));
  });

  it('can be replayed as arrangements without ending later, unless they interrupt tasks', () => {
    fc.assert(
      fc.property(requests({ nodes: 3, size: 5, tasks: 10, options: 6 }), request => {
        const problem = toProblem(request);
        for (const each of makeBaselines(problem, request.seed)) {
          const { schedule } = each;
          if (interrupts(each)) {
            continue;
          }
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
        const timeline = new Timeline({ id: 'n', devices: ['a', 'b', 'c', 'd', 'e'], freeAt, kind: 0 });
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
