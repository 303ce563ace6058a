import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { option, requestOf, requests } from '../planner/planRequests.js';

/**
 * One node of two devices. `a` runs already on `d0` until 8; `b` takes `d1` until 7, `c` both from 8 to 13; `x` cannot
 * run.
 */
const request: PlanRequest = requestOf(
  [2, 1],
  [
    {
      name: 'a',
      steps: 4,
      options: [option(1, 2, 5), option(2, 1)],
      running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] }
    },
    { name: 'b', steps: 3, options: [option(1, 2, 1), option(2, 1, 1, 'fsdp')] },
    { name: 'c', steps: 2, options: [option(2, 2, 1), option(2, 1, 1, 'fsdp')] },
    { name: 'x', steps: 1, options: [option(3, 1)] }
  ],
  { excludeTechniques: ['fsdp'] }
);

function valid(): Plan {
  const one = { technique: 'ddp', devices: 1 };
  const two = { technique: 'ddp', devices: 2 };
  const segments = [
    { task: 'a', strategy: one, node: 'n0', devices: ['d0'], start: 0, end: 8, steps: 4 },
    { task: 'b', strategy: one, node: 'n0', devices: ['d1'], start: 0, end: 7, steps: 3 },
    { task: 'c', strategy: two, node: 'n0', devices: ['d0', 'd1'], start: 8, end: 13, steps: 2 }
  ];
  return {
    segments,
    unplanned: [{ task: 'x', reason: 'too wide' }],
    makespan: 13,
    lowerBound: 10,
    gap: 0.3,
    binding: 'area',
    optimal: false,
    method: 'construction',
    baselines: [{ name: 'max', makespan: 13, segments: structuredClone(segments) }]
  };
}

describe('checkPlan', () => {
  it('accepts a valid plan', () => {
    expect(checkPlan(request, valid())).toEqual([]);
  });

  it('accepts a task in two segments, each paying its start', () => {
    const made = valid();
    const [a, , c] = made.segments;
    const b = { ...made.segments[1]!, node: 'n1', devices: ['d0'] };
    made.segments = [
      a!,
      { ...b, steps: 1, end: 3 },
      { ...b, node: 'n0', devices: ['d1'], steps: 2, start: 3, end: 8 },
      c!
    ];
    expect(checkPlan({ ...request, switches: 'planned' }, made)).toEqual([]);
    expect(checkPlan(request, made).join()).toMatch(/"b": it has 2 segments; one is allowed/);
  });

  const corruptions: [string, (made: Plan) => void, RegExp][] = [
    ['a task left out', made => made.segments.splice(1, 1), /"b": it is missing/],
    [
      'a task nobody asked for',
      made => made.segments.push({ ...made.segments[1]!, task: 'z', node: 'n1', devices: ['d0'] }),
      /"z" was not asked for/
    ],
    ['too few steps', made => Object.assign(made.segments[1]!, { steps: 2, end: 5 }), /2 of its 3 steps/],
    [
      'half a step',
      made => Object.assign(made.segments[1]!, { steps: 2.5 }),
      /2\.5 is not a number of steps/
    ],
    ['unknown node', made => Object.assign(made.segments[2]!, { node: 'n9' }), /no node "n9"/],
    ['unknown device', made => Object.assign(made.segments[1]!, { devices: ['d9'] }), /no device "d9"/],
    ['a device twice', made => Object.assign(made.segments[2]!, { devices: ['d0', 'd0'] }), /a device twice/],
    [
      'too many devices',
      made => Object.assign(made.segments[1]!, { devices: ['d0', 'd1'] }),
      /is given 2 devices/
    ],
    [
      'double booking',
      made => Object.assign(made.segments[1]!, { devices: ['d0'] }),
      /both use device "d0" of node "n0" at 0 s/
    ],
    [
      'double booking within a hair',
      made => Object.assign(made.segments[2]!, { start: 7.9, end: 12.9 }),
      /both use device/
    ],
    [
      'not an option',
      made => Object.assign(made.segments[1]!, { strategy: { technique: 'pipeline', devices: 1 } }),
      /not among its options/
    ],
    [
      'other knobs',
      made =>
        Object.assign(made.segments[1]!, { strategy: { technique: 'ddp', devices: 1, knobs: { k: 1 } } }),
      /not among its options/
    ],
    [
      'an excluded technique',
      made => Object.assign(made.segments[2]!, { strategy: { technique: 'fsdp', devices: 2 }, end: 11 }),
      /fsdp is excluded/
    ],
    ['too short a time', made => Object.assign(made.segments[1]!, { end: 6 }), /it takes 7 s, not the 6 s/],
    [
      'a negative start',
      made => Object.assign(made.segments[1]!, { start: -1, end: 6 }),
      /cannot run from -1/
    ],
    [
      'a start that is no number',
      made => Object.assign(made.segments[1]!, { start: Number.NaN }),
      /cannot run from NaN/
    ],
    [
      'a running task moved',
      made => Object.assign(made.segments[0]!, { node: 'n1' }),
      /"a": it is running already/
    ],
    [
      'a running task on other devices',
      made => {
        made.segments[0]!.devices = ['d1'];
        made.segments[1]!.devices = ['d0'];
      },
      /"a": it is running already/
    ],
    [
      'a running task put off',
      made => Object.assign(made.segments[0]!, { start: 5, end: 13 }),
      /"a": it is running already/
    ],
    [
      'a running task split',
      made =>
        made.segments.splice(
          0,
          1,
          { ...made.segments[0]!, steps: 2, end: 4 },
          { ...made.segments[0]!, steps: 2, start: 4 }
        ),
      /"a": it is running already/
    ],
    [
      'segments that overlap',
      made =>
        made.segments.splice(
          1,
          1,
          { ...made.segments[1]!, steps: 1, end: 3 },
          { ...made.segments[1]!, node: 'n1', devices: ['d0'], steps: 2, start: 1, end: 6 }
        ),
      /"b": two of its segments overlap/
    ],
    [
      'another makespan',
      made => Object.assign(made, { makespan: 12, gap: 0.2 }),
      /makespan is given as 12 s/
    ],
    [
      'a bound above the plan',
      made => Object.assign(made, { lowerBound: 14, gap: 13 / 14 - 1 }),
      /lower bound 14 s/
    ],
    [
      'a bound that is no number',
      made => Object.assign(made, { lowerBound: Number.NaN }),
      /lower bound NaN s/
    ],
    ['another gap', made => Object.assign(made, { gap: 0.2 }), /gap is given as 0\.2/],
    [
      'optimal without a bound',
      made => Object.assign(made, { lowerBound: 0, gap: 0, optimal: true }),
      /optimal without any bound/
    ],
    ['optimal with a gap', made => Object.assign(made, { optimal: true }), /optimal with a gap/],
    [
      'unplanned and planned',
      made => made.unplanned.push({ task: 'b', reason: 'why not' }),
      /unplanned and planned/
    ],
    [
      'unplanned without need',
      made => {
        made.segments.splice(1, 1);
        made.unplanned.push({ task: 'b', reason: 'lazy' });
      },
      /unplanned, but ddp x1 can run it/
    ],
    ['unplanned twice', made => made.unplanned.push(made.unplanned[0]!), /listed twice/],
    [
      'unplanned but unknown',
      made => made.unplanned.push({ task: 'z', reason: 'who' }),
      /"z" is listed as unplanned/
    ],
    [
      'unplanned forgotten',
      made => {
        made.unplanned = [];
      },
      /"x": it is missing/
    ],
    [
      'a baseline that is shorter',
      made => {
        made.baselines[0] = { name: 'min', makespan: 5 };
      },
      /Baseline min: it is shorter/
    ],
    [
      'a baseline that is no schedule',
      made => {
        made.baselines[0]!.segments!.pop();
      },
      /Baseline max: Task "c": it is missing/
    ]
  ];
  it.each(corruptions)('rejects %s', (_, corrupt, message) => {
    const made = valid();
    corrupt(made);
    expect(checkPlan(request, made).join('\n')).toMatch(message);
  });

  it('rejects any plan with one segment removed, moved, stretched or renamed', async () => {
    await fc.assert(
      fc.asyncProperty(
        requests({ nodes: 3, size: 4, tasks: 8, options: 4 }),
        fc.nat(),
        fc.constantFrom('remove', 'stretch', 'rename', 'node', 'device', 'repeat'),
        async (asked, which, how) => {
          const made = await plan(asked);
          fc.pre(made.segments.length > 0);
          const index = which % made.segments.length;
          const segment = made.segments[index]!;
          switch (how) {
            case 'remove':
              made.segments.splice(index, 1);
              break;
            case 'stretch':
              segment.end += 1 + 1e-3 * made.makespan;
              break;
            case 'rename':
              segment.task = 'nobody';
              break;
            case 'node':
              segment.node = 'nowhere';
              break;
            case 'device':
              segment.devices = segment.devices.map(() => 'none');
              break;
            default:
              made.segments.push({ ...segment, steps: segment.steps + 1 });
          }
          expect(checkPlan(asked, made)).not.toEqual([]);
        }
      ),
      { numRuns: 200 }
    );
  });
});

/**
 * Two nodes of two devices, the second with little memory. `a` runs on `d0` of the first until 8 and may be moved; `b`
 * and `c` run fused on the second; `d` spans both nodes afterwards.
 */
const constrainedRequest: PlanRequest = {
  ...requestOf(
    [2, 2],
    [
      {
        name: 'a',
        steps: 4,
        options: [{ ...option(1, 2, 5), stopSeconds: 3 }, option(2, 1)],
        running: { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d0'] },
        deadline: 8
      },
      { name: 'b', steps: 3, options: [option(1, 2, 1)], weight: 2 },
      { name: 'c', steps: 2, options: [{ ...option(1, 2, 1), nodes: ['n1'] }], pin: { node: 'n1' } },
      {
        name: 'd',
        steps: 2,
        options: [
          { ...option(2, 5), span: 2 },
          { ...option(1, 1), peakBytes: 2e9 }
        ],
        earliestStart: 8
      }
    ]
  ),
  fusions: [{ tasks: ['b', 'c'], options: [option(2, 2, 1)] }],
  objective: 'weighted-completion',
  limits: { concurrent: 2, deviceSeconds: 42, cost: 42 },
  prices: { n0: 3600, n1: 3600 },
  switches: 'running'
};

function constrainedPlan(): Plan {
  const one = { technique: 'ddp', devices: 1 };
  const two = { technique: 'ddp', devices: 2 };
  const fused = { strategy: two, node: 'n1', devices: ['d0', 'd1'], start: 0, end: 7, fusion: 'b+c' };
  return {
    segments: [
      {
        task: 'a',
        strategy: one,
        node: 'n0',
        devices: ['d0'],
        start: 0,
        end: 8,
        steps: 4,
        overheadSeconds: 0
      },
      { task: 'b', ...fused, steps: 3, overheadSeconds: 1 },
      { task: 'c', ...fused, steps: 2, overheadSeconds: 1 },
      {
        task: 'd',
        strategy: two,
        node: 'n0',
        devices: ['d0'],
        elsewhere: [{ node: 'n1', devices: ['d1'] }],
        start: 8,
        end: 18,
        steps: 2
      }
    ],
    unplanned: [],
    makespan: 18,
    lowerBound: 18,
    gap: 0,
    binding: 'longest-task',
    optimal: false,
    method: 'local-search',
    baselines: [],
    weightedCompletion: { seconds: 47, lowerBound: 23.5, gap: 1 }
  };
}

describe('checkPlan, asked for more', () => {
  it('accepts a plan that meets every constraint', () => {
    expect(checkPlan(constrainedRequest, constrainedPlan())).toEqual([]);
  });

  it('accepts a running task moved, paying to stop and to start', () => {
    const made = constrainedPlan();
    Object.assign(made.segments[0]!, { devices: ['d1'], end: 16, overheadSeconds: 8 });
    made.weightedCompletion = { seconds: 55, lowerBound: 27.5, gap: 1 };
    made.conflicts = [
      { constraint: 'deadline', task: 'a', message: 'late' },
      { constraint: 'device-seconds', message: 'long' },
      { constraint: 'cost', message: 'dear' }
    ];
    expect(checkPlan(constrainedRequest, made)).toEqual([]);
  });

  it('accepts planned switches: start and stop are paid where the task goes on elsewhere, not where it stays', () => {
    const made = constrainedPlan();
    const a = made.segments[0]!;
    made.segments.splice(
      0,
      1,
      { ...a, steps: 1, end: 2 },
      { ...a, steps: 2, start: 2, end: 9, overheadSeconds: 3 },
      { ...a, devices: ['d1'], steps: 1, start: 9, end: 16, overheadSeconds: 5 }
    );
    Object.assign(made.segments[5]!, { start: 9, end: 19 });
    Object.assign(made, { makespan: 19, lowerBound: 19 });
    made.weightedCompletion = { seconds: 56, lowerBound: 28, gap: 1 };
    const free: PlanRequest = { ...structuredClone(constrainedRequest), limits: {}, switches: 'planned' };
    delete free.tasks[0]!.deadline;
    expect(checkPlan(free, made)).toEqual([]);
    Object.assign(made.segments[1]!, { end: 6, overheadSeconds: 0 });
    expect(checkPlan(free, made).join()).toMatch(/"a": it takes 7 s, not the 4 s/);
  });

  const asked: [string, (request: PlanRequest, made: Plan) => void, RegExp][] = [
    [
      'a running task moved against the rule',
      (r, m) => {
        r.switches = 'none';
        Object.assign(m.segments[0]!, { devices: ['d1'], end: 16 });
      },
      /"a": it is running already and must go on/
    ],
    [
      'moving for nothing',
      (_, m) => Object.assign(m.segments[0]!, { devices: ['d1'] }),
      /it takes 16 s, not the 8 s/
    ],
    [
      'another overhead',
      (_, m) => Object.assign(m.segments[1]!, { overheadSeconds: 0 }),
      /take 1 s here, not 0 s/
    ],
    [
      'a missed deadline',
      r => Object.assign(r.tasks[0]!, { deadline: 7 }),
      /"a": it ends at 8 s, after its deadline/
    ],
    [
      'an early start',
      r => Object.assign(r.tasks[3]!, { earliestStart: 9 }),
      /"d": it starts at 8 s, before 9 s/
    ],
    [
      'a node not pinned to',
      r => Object.assign(r.tasks[2]!, { pin: { node: 'n0' } }),
      /"c": it runs on node "n1", not on "n0"/
    ],
    [
      'devices not pinned to',
      r => Object.assign(r.tasks[2]!, { pin: { node: 'n1', devices: ['d0'] } }),
      /"c": it runs on d0, d1, but is pinned to d0/
    ],
    [
      'a strategy not pinned to',
      r => Object.assign(r.tasks[2]!, { pin: { strategy: { technique: 'ddp', devices: 1 } } }),
      /"c": it runs as ddp x2, not as ddp x1/
    ],
    [
      'too many runs at once',
      r => Object.assign(r.limits!, { concurrent: 1 }),
      /2 runs go on at once; at most 1/
    ],
    [
      'too much device time',
      r => Object.assign(r.limits!, { deviceSeconds: 41 }),
      /It takes 42 device-seconds/
    ],
    ['too much money', r => Object.assign(r.limits!, { cost: 41 }), /It costs 42/],
    [
      'a node not measured for',
      r => Object.assign(r.fusions![0]!.options[0]!, { nodes: ['n0'] }),
      /ddp x2 is not measured for node "n1"/
    ],
    [
      'too little memory',
      r => Object.assign(r.fusions![0]!.options[0]!, { peakBytes: 2e9 }),
      /needs 2000000000 bytes, but device "d0" of node "n1" has 1000000000/
    ],
    [
      'no node to span',
      (_, m) => {
        delete m.segments[3]!.elsewhere;
        m.segments[3]!.devices = ['d0', 'd1'];
      },
      /ddp x2 does not run across 1 node/
    ],
    [
      'an uneven span',
      (_, m) => Object.assign(m.segments[3]!, { devices: ['d0', 'd1'] }),
      /ddp x2 is given 2 devices of node "n0"/
    ],
    [
      'a span of one node twice',
      (_, m) => Object.assign(m.segments[3]!, { elsewhere: [{ node: 'n0', devices: ['d1'] }] }),
      /it spans a node twice/
    ],
    [
      'a device taken elsewhere',
      (_, m) =>
        Object.assign(m.segments[1]!, { start: 2, end: 9 }) &&
        Object.assign(m.segments[2]!, { start: 2, end: 9 }),
      /both use device "d1" of node "n1"/
    ],
    [
      'a fused task elsewhere',
      (_, m) => Object.assign(m.segments[2]!, { node: 'n0' }),
      /are in different places/
    ],
    [
      'a fused task at another time',
      (_, m) => Object.assign(m.segments[2]!, { start: 1, end: 8 }),
      /run at different times/
    ],
    ['a fusion of one', (_, m) => delete m.segments[2]!.fusion, /b are not tasks that can run fused/],
    [
      'a fusion nobody offered',
      r => Object.assign(r, { fusions: [] }),
      /b, c are not tasks that can run fused/
    ],
    [
      'another weighted sum',
      (_, m) => Object.assign(m.weightedCompletion!, { seconds: 46 }),
      /segments make it 47 s/
    ],
    ['no weighted sum', (_, m) => delete m.weightedCompletion, /was to be made small, is not given/],
    ['optimal with a weighted gap', (_, m) => Object.assign(m, { optimal: true }), /optimal with a gap of 1/],
    [
      'a conflict that is none',
      (_, m) => Object.assign(m, { conflicts: [{ constraint: 'deadline', task: 'a', message: 'late' }] }),
      /wish deadline of task "a" is named, but the plan meets it/
    ]
  ];
  it.each(asked)('rejects %s', (_, change, message) => {
    const request = structuredClone(constrainedRequest);
    const made = constrainedPlan();
    change(request, made);
    expect(checkPlan(request, made).join('\n')).toMatch(message);
  });

  it('compares baselines that meet the constraints, and lets those that interrupt tasks do so', () => {
    const made = valid();
    made.baselines = [{ name: 'min', makespan: 12, segments: [] }];
    expect(checkPlan(request, made).join('\n')).toMatch(/Baseline min: it is shorter/);
    const late: PlanRequest = {
      ...request,
      tasks: request.tasks.map(task => (task.name === 'c' ? { ...task, deadline: 12 } : task))
    };
    const short = valid();
    short.conflicts = [{ constraint: 'deadline', task: 'c', message: 'late' }];
    short.baselines[0]!.makespan = 13;
    expect(checkPlan(late, short)).toEqual([]);
    const turns = valid();
    const b = turns.segments[1]!;
    turns.baselines = [
      {
        name: 'round-robin',
        makespan: 13,
        segments: [
          turns.segments[0]!,
          { ...b, node: 'n1', devices: ['d0'], steps: 1, end: 3 },
          { ...b, steps: 2, start: 3, end: 8 },
          turns.segments[2]!
        ]
      }
    ];
    expect(checkPlan(request, turns)).toEqual([]);
    turns.baselines[0]!.name = 'min';
    expect(checkPlan(request, turns).join()).toMatch(/Baseline min: Task "b": it has 2 segments/);
  });
});
