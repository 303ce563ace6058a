import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { validate } from '../../../src/core/wire/messages.js';
import { textWorkload } from '../../bench/problemGenerator.js';
import { bruteForceWithConstraints } from './constrainedBruteForce.js';
import { constrainedRequests } from './constrainedRequests.js';
import { option, requestOf } from './planRequests.js';

/** What was to be made small, and its bound. */
function outcome({ weightedCompletion, makespan, lowerBound }: Plan): { made: number; bound: number } {
  return weightedCompletion === undefined
    ? { made: makespan, bound: lowerBound }
    : { made: weightedCompletion.seconds, bound: weightedCompletion.lowerBound };
}

async function checked(request: PlanRequest): Promise<Plan> {
  const made = await plan(request);
  expect(checkPlan(request, made)).toEqual([]);
  validate('Plan', JSON.parse(JSON.stringify(made)));
  return made;
}

describe('every plan under constraints', () => {
  it('is valid: constraints met or named', async () => {
    const arbitrary = constrainedRequests(9).map(request => ({ ...request, budget: { iterations: 600 } }));
    await fc.assert(
      fc.asyncProperty(arbitrary, async request => {
        await checked(request);
      }),
      { numRuns: 120 }
    );
  });

  it('is as good as trying everything, never better, and proves nothing that is not so', async () => {
    let missed = 0;
    for (const request of fc.sample(constrainedRequests(4), { numRuns: 120, seed: 5 })) {
      const made = await checked({ ...request, budget: { iterations: 2000 } });
      const best = bruteForceWithConstraints(request);
      const conflicts = made.conflicts ?? [];
      if (best === Infinity) {
        expect(conflicts).not.toEqual([]);
        continue;
      }
      expect(conflicts.filter(({ proven }) => proven)).toEqual([]);
      if (conflicts.length > 0 || outcome(made).made > best * (1 + 1e-9)) {
        missed++;
      } else {
        expect(outcome(made).made).toBeGreaterThanOrEqual(best * (1 - 1e-9));
      }
      expect(outcome(made).bound).toBeLessThanOrEqual(best * (1 + 1e-9));
      if (made.optimal) {
        expect(outcome(made).made).toBeLessThanOrEqual(best * (1 + 1e-7));
      }
    }
    expect(missed).toBeLessThanOrEqual(2);
  });

  it('is the same each time', async () => {
    for (const request of fc.sample(constrainedRequests(8), { numRuns: 20, seed: 3 })) {
      expect(await plan(request)).toEqual(await plan(structuredClone(request)));
    }
  });
});

/** A task of 100 s on one device, 60 s on two, 40 s on four. */
function task(name: string) {
  return { name, steps: 10, options: [option(1, 10), option(2, 6), option(4, 4)] };
}

describe('constraints', () => {
  it('a pinned strategy, node and devices are used', async () => {
    const pinned = {
      ...task('a'),
      pin: { strategy: { technique: 'ddp', devices: 2 }, node: 'n1', devices: ['d1', 'd3'] }
    };
    const [segment] = (await checked(requestOf([4, 4], [pinned]))).segments;
    expect([segment!.node, segment!.devices, segment!.end]).toEqual(['n1', ['d1', 'd3'], 60]);
  });

  it('jobs not pinned leave pinned devices to those that are', async () => {
    const tasks = ['a', 'b'].map(name => ({ name, steps: 1, options: [option(1, 10)] }));
    const pinned = { name: 'c', steps: 1, options: [option(1, 10)], pin: { node: 'n0', devices: ['d0'] } };
    const made = await checked(requestOf([3], [...tasks, pinned]));
    expect([made.makespan, made.optimal]).toEqual([10, true]);
  });

  it('two jobs pinned to one device are bound by it', async () => {
    const pin = { node: 'n0', devices: ['d0'] };
    const made = await checked(
      requestOf(
        [4],
        [task('a'), task('b')].map(own => ({ ...own, pin }))
      )
    );
    expect([made.makespan, made.lowerBound, made.optimal, made.binding]).toEqual([200, 200, true, 'area']);
  });

  it('a job starts no sooner than it may, and is not waited for', async () => {
    const made = await checked(requestOf([4], [{ ...task('late'), earliestStart: 50 }, task('now')]));
    expect(made.segments.map(({ task: name, start }) => [name, start])).toEqual([
      ['now', 0],
      ['late', 50]
    ]);
    expect([made.makespan, made.optimal]).toEqual([90, true]);
  });

  it('the one with a deadline goes first', async () => {
    const tasks = [task('a'), task('b'), { ...task('c'), deadline: 40 }];
    const made = await checked(requestOf([4], tasks));
    expect(made.conflicts).toBeUndefined();
    expect(made.segments.find(segment => segment.task === 'c')!.end).toBe(40);
  });

  it('device time is kept to, at the price of time', async () => {
    const made = await checked(requestOf([4], [task('a'), task('b')], { limits: { deviceSeconds: 200 } }));
    expect([made.makespan, made.optimal]).toEqual([100, true]);
  });

  it('money is kept to: the cheap node does it', async () => {
    const more = { prices: { n0: 3600, n1: 36 }, limits: { cost: 3 } };
    const made = await checked(requestOf([4, 4], [task('a'), task('b')], more));
    expect(new Set(made.segments.map(segment => segment.node))).toEqual(new Set(['n1']));
  });

  it('no more runs go on at once than may', async () => {
    const tasks = Array.from({ length: 4 }, (_, i) => ({
      name: `t${i}`,
      steps: 1,
      options: [option(1, 10)]
    }));
    const made = await checked(requestOf([4], tasks, { limits: { concurrent: 1 } }));
    expect([made.makespan, made.optimal, made.binding]).toEqual([40, true, 'packing']);
  });

  it('fused runs are used where that pays, with every task in them', async () => {
    const fusions = [{ tasks: ['a', 'b'], options: [option(4, 5)] }];
    const made = await checked(requestOf([4], [task('a'), task('b')], { fusions }));
    expect(made.segments.map(({ task: name, fusion, end }) => [name, fusion, end])).toEqual([
      ['a', 'a+b', 50],
      ['b', 'a+b', 50]
    ]);
  });

  it('a strategy may span nodes', async () => {
    const wide = { name: 'wide', steps: 1, options: [{ ...option(4, 10), span: 2 }, option(2, 30)] };
    const [segment] = (await checked(requestOf([2, 2], [wide]))).segments;
    expect([segment!.end, segment!.devices.length, segment!.elsewhere]).toEqual([
      10,
      2,
      [{ node: 'n1', devices: ['d0', 'd1'] }]
    ]);
  });

  it('the weightier of two ends first when ends are weighted', async () => {
    const tasks = [
      { name: 'light', steps: 1, options: [option(1, 10)] },
      { name: 'heavy', steps: 1, options: [option(1, 10)], weight: 5 }
    ];
    const made = await checked(requestOf([1], tasks, { objective: 'weighted-completion' }));
    expect(made.segments.map(segment => segment.task)).toEqual(['heavy', 'light']);
    expect(made.weightedCompletion).toEqual({ seconds: 70, lowerBound: 70, gap: 0 });
    expect(made.optimal).toBe(true);
  });

  it('a running task moves to meet a pin when it may', async () => {
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
    const moved = { ...task('a'), running, pin: { node: 'n1' } };
    const made = await checked(requestOf([1, 1], [moved], { switches: 'running' }));
    expect([made.segments[0]!.node, made.conflicts]).toEqual(['n1', undefined]);
  });
});

describe('constraints that cannot be met are named', () => {
  const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] };
  const cases: [string, PlanRequest, object][] = [
    [
      'a deadline too soon',
      requestOf([4], [{ ...task('a'), deadline: 30 }]),
      {
        constraint: 'deadline',
        task: 'a',
        message: '"a" cannot be done before 40 s; the deadline is 30 s.',
        relax: 'A deadline of 40 s.',
        proven: true
      }
    ],
    [
      'too much due at once',
      requestOf(
        [4],
        [task('a'), task('b')].map(own => ({ ...own, deadline: 40 }))
      ),
      { constraint: 'deadline', proven: true, message: expect.stringMatching(/cannot do as much work/) }
    ],
    [
      'a running task that is late',
      requestOf([1], [{ ...task('a'), running, deadline: 90 }]),
      { constraint: 'deadline', task: 'a', proven: true, message: expect.stringMatching(/runs already/) }
    ],
    [
      'a pin to a node too small',
      requestOf([4, 1], [{ name: 'a', steps: 1, options: [option(2, 1)], pin: { node: 'n1' } }]),
      {
        constraint: 'pin',
        task: 'a',
        message: 'Nothing can run "a" on node n1.',
        relax: 'Let it run on another node.',
        proven: true
      }
    ],
    [
      'a pin to a strategy unknown',
      requestOf([4], [{ ...task('a'), pin: { strategy: { technique: 'fsdp', devices: 4 }, node: 'n0' } }]),
      {
        constraint: 'pin',
        task: 'a',
        message: 'Nothing can run "a" as fsdp x4 on node n0.',
        relax: 'Let it run by another strategy.',
        proven: true
      }
    ],
    [
      'a pin of a running task elsewhere',
      requestOf([1, 1], [{ ...task('a'), running, pin: { node: 'n1' } }]),
      { constraint: 'pin', task: 'a', proven: true, relax: 'Let running tasks be moved.' }
    ],
    [
      'a running task that should wait',
      requestOf([1], [{ ...task('a'), running, earliestStart: 5 }]),
      { constraint: 'earliest-start', task: 'a', proven: true }
    ],
    [
      'too little device time',
      requestOf([4], [task('a')], { limits: { deviceSeconds: 99 } }),
      {
        constraint: 'device-seconds',
        message: 'Any plan takes at least 1 min 40 s of device time; at most 1 min 39 s are allowed.',
        relax: 'A limit of 1 min 40 s of device time, which this plan keeps.',
        proven: true
      }
    ],
    [
      'too little money',
      requestOf([4], [task('a')], { limits: { cost: 1 }, prices: { n0: 72 } }),
      { constraint: 'cost', message: 'Any plan costs at least 2; at most 1 is allowed.', proven: true }
    ],
    [
      'more running already than may',
      requestOf(
        [2],
        [
          { ...task('a'), running },
          { ...task('b'), running: { ...running, devices: ['d1'] } }
        ],
        { limits: { concurrent: 1 } }
      ),
      { constraint: 'concurrent', proven: true, relax: 'Allow 2 runs at once.' }
    ]
  ];
  it.each(cases)('%s', async (_, request, conflict) => {
    expect((await checked(request)).conflicts).toContainEqual(expect.objectContaining(conflict));
  });

  const one = (name: string) => ({ name, steps: 1, options: [option(1, 40)], deadline: 50 });
  const device = { node: 'n0', devices: ['d0'] };
  const culprits: [string, PlanRequest, string | undefined][] = [
    ['nothing else', requestOf([4], [{ ...task('a'), deadline: 30, earliestStart: 0 }]), undefined],
    [
      'its earliest start',
      requestOf([4], [{ ...task('a'), earliestStart: 30, deadline: 60 }]),
      'an earlier start of "a"'
    ],
    ['its pin', requestOf([4], [{ ...task('a'), pin: { count: 1 }, deadline: 60 }]), 'no pin of "a"'],
    [
      'its pin, not its earliest start',
      requestOf([4], [{ ...task('a'), pin: { count: 1 }, earliestStart: 10, deadline: 60 }]),
      'no pin of "a"'
    ],
    [
      'the pins of those due by then',
      requestOf(
        [4],
        [one('a'), one('b')].map(own => ({ ...own, pin: device }))
      ),
      'no pin of "b" or no pin of "a"'
    ],
    [
      'the limit of runs at once',
      requestOf([4], [one('a'), one('b')], { limits: { concurrent: 1 } }),
      'more runs at once'
    ],
    [
      'the limit of device time',
      requestOf([4], [{ ...task('a'), deadline: 55 }], { limits: { deviceSeconds: 101, concurrent: 3 } }),
      'more device time'
    ]
  ];
  it.each(culprits)('what makes a deadline impossible: %s', async (_, request, relax) => {
    const late = (await checked(request)).conflicts?.find(({ constraint }) => constraint === 'deadline');
    const others = relax === undefined ? '' : ` Or ${relax}.`;
    expect(late).toMatchObject({ proven: true });
    expect(late!.relax!.replace(/^A deadline of [^.,]*(, which this plan meets)?\./, '')).toBe(others);
  });

  it('device time and a deadline that are too much together: proven, and what is missed says so', async () => {
    const request = requestOf([4], [{ ...task('a'), deadline: 50 }], { limits: { deviceSeconds: 120 } });
    const { conflicts } = await checked(request);
    expect(conflicts).toHaveLength(1);
    expect(conflicts![0]!.proven).toBe(true);
  });
});

describe('tasks that nothing can run', () => {
  const heavy = { ...option(2, 1), peakBytes: 52e9 };
  const cases: [string, Partial<PlanRequest>, object, string][] = [
    ['for memory', {}, { options: [heavy] }, 'ddp x2 needs 48.4 GiB on each device; devices have 954 MiB.'],
    [
      'for memory, or an excluded technique that would do',
      { excludeTechniques: ['fsdp'] },
      { options: [heavy, option(1, 1, 0, 'fsdp')] },
      'ddp x2 needs 48.4 GiB on each device; devices have 954 MiB. fsdp x1 uses the technique fsdp, which you excluded. Allow the technique fsdp and it can run.'
    ],
    [
      'for the nodes it was measured on; the option with fewest troubles is told',
      { excludeTechniques: ['fsdp'] },
      {
        options: [
          { ...option(1, 1), nodes: ['gone'] },
          { ...option(2, 1, 0, 'fsdp'), peakBytes: 52e9 }
        ]
      },
      'ddp x1 is measured only for node gone.'
    ],
    [
      'for nodes to span',
      {},
      { options: [{ ...option(6, 1), span: 3 }] },
      'ddp x6 needs 2 devices on each of 3 nodes, which the cluster does not have.'
    ]
  ];
  it.each(cases)('%s', async (_, more, fields, reason) => {
    const impossible = { name: 'a', steps: 1, options: [], ...fields };
    const made = await checked(requestOf([2, 2], [impossible, task('b')], more));
    expect(made.unplanned).toEqual([{ task: 'a', reason }]);
  });
});

describe('a pin that agrees with the plan without it', () => {
  it('costs next to nothing', async () => {
    for (const [tasks, nodes] of [
      [12, 1],
      [40, 4]
    ] as const) {
      const request = { ...textWorkload(1, tasks, nodes).request, budget: { iterations: 12_000 } };
      const free = await plan(request);
      const { task: name, strategy, node, devices } = free.segments[tasks / 2]!;
      const pinned = request.tasks.map(one =>
        one.name === name ? { ...one, pin: { strategy, node, devices } } : one
      );
      const made = await checked({ ...request, tasks: pinned });
      expect(made.conflicts).toBeUndefined();
      expect(made.makespan).toBeLessThan(1.02 * free.makespan);
      expect(made.lowerBound).toBeGreaterThan(0.97 * free.lowerBound);
    }
  });
});
