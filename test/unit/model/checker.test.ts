import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/generated/types.js';
import { option, requestOf, requests } from '../planner/requests.js';

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
