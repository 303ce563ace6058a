import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type { Plan, PlanRequest } from '../../../src/core/wire/messages.js';
import { validate } from '../../../src/core/wire/messages.js';
import { sweeps } from '../../bench/problemGenerator.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './planRequests.js';

/** Of the baselines that interrupt no task, as the plans compared with them do not either. */
function shortestBaseline({ baselines }: Plan): number {
  const whole = baselines.filter(
    ({ segments = [] }) => new Set(segments.map(({ task }) => task)).size === segments.length
  );
  return Math.min(...whole.map(baseline => baseline.makespan));
}

async function refusal(request: PlanRequest): Promise<string> {
  const error: unknown = await plan(request).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SaturnError);
  expect((error as SaturnError).failure.code).toBe('bad-plan-request');
  return (error as SaturnError).message;
}

describe('every plan', () => {
  it('is valid, fits the wire, and is no longer than any baseline', async () => {
    await fc.assert(
      fc.asyncProperty(requests({ nodes: 4, size: 5, tasks: 12, options: 6 }), async request => {
        const made = await plan(request);
        expect(checkPlan(request, made)).toEqual([]);
        validate('Plan', JSON.parse(JSON.stringify(made)));
        expect(made.makespan).toBeLessThanOrEqual(shortestBaseline(made));
        expect(made.baselines.every(baseline => baseline.segments !== undefined)).toBe(true);
      }),
      { numRuns: 300 }
    );
  });

  it('brackets the true optimum between its lower bound and its makespan', async () => {
    await fc.assert(
      fc.asyncProperty(requests({ nodes: 2, size: 3, tasks: 4, options: 3 }), async request => {
        const made = await plan(request);
        const optimum = bruteForce(request);
        const slack = 1e-9 * optimum;
        expect(made.lowerBound).toBeLessThanOrEqual(optimum + slack);
        expect(made.makespan).toBeGreaterThanOrEqual(optimum - slack);
        if (made.optimal) {
          expect(made.makespan).toBeLessThanOrEqual(optimum + slack);
        }
      }),
      { numRuns: 200 }
    );
  });

  it('is the same each time for the same request and budget in iterations', async () => {
    await fc.assert(
      fc.asyncProperty(requests({ nodes: 3, size: 4, tasks: 10, options: 4 }), async request => {
        expect(await plan(request)).toEqual(await plan(structuredClone(request)));
      }),
      { numRuns: 50 }
    );
  });
});

describe('the search', () => {
  it('finds the optimum of tiny cases', async () => {
    let missed = 0;
    const small = fc.sample(requests({ nodes: 2, size: 3, tasks: 4, options: 3 }), { numRuns: 100, seed: 7 });
    for (const request of small) {
      const made = await plan({ ...request, budget: { iterations: 5000 } });
      if (made.makespan > bruteForce(request) * (1 + 1e-9)) {
        missed++;
      }
    }
    expect(missed).toBeLessThanOrEqual(3);
  });

  it('improves with its budget and stays within a tenth of the bound on a generated sweep', async () => {
    const { request } = sweeps(101, 24, 2);
    const quick = await plan({ ...request, budget: { iterations: 0 } });
    const long = await plan({ ...request, budget: { iterations: 60_000 } });
    expect(long.makespan).toBeLessThanOrEqual(quick.makespan);
    expect(long.gap).toBeLessThan(0.1);
    expect(checkPlan(request, long)).toEqual([]);
  });

  it('asks the clock it was given, and stops when its time is over', async () => {
    const { request } = sweeps(101, 24, 2);
    let time = 100;
    let asked = 0;
    await plan(
      { ...request, budget: { seconds: 2 } },
      {
        now: () => {
          asked++;
          time += 0.1;
          return time;
        }
      }
    );
    expect(asked).toBeGreaterThan(15);
    expect(asked).toBeLessThan(30);
  });

  it('reports a first plan, then shorter ones', async () => {
    const { request } = sweeps(102, 12, 1);
    const seen: Plan[] = [];
    const last = await plan(request, { onProgress: better => seen.push(better) });
    expect(seen.length).toBeGreaterThan(1);
    for (const [i, reported] of seen.entries()) {
      expect(checkPlan(request, reported)).toEqual([]);
      expect(reported.makespan).toBeLessThan(seen[i - 1]?.makespan ?? Infinity);
    }
    expect(last.makespan).toBeLessThanOrEqual(seen.at(-1)!.makespan);
  });

  it('ends at once when a plan is proven optimal', async () => {
    const tasks = Array.from({ length: 200 }, (_, i) => ({
      name: `t${i}`,
      steps: 3,
      options: [option(1, 2)]
    }));
    let asked = 0;
    const now = () => {
      asked++;
      return 0;
    };
    const made = await plan(requestOf([4, 4], tasks, { budget: { seconds: 3600 } }), { now });
    expect(made).toMatchObject({
      optimal: true,
      makespan: 150,
      gap: 0,
      binding: 'area',
      method: 'construction'
    });
    expect(asked).toBeLessThan(5);
  });
});

describe('degenerate questions', () => {
  it('no tasks: an empty plan', async () => {
    expect(await plan(requestOf([2], []))).toEqual({
      segments: [],
      unplanned: [],
      makespan: 0,
      lowerBound: 0,
      gap: 0,
      binding: 'none',
      optimal: true,
      method: 'empty',
      baselines: []
    });
  });

  it('no devices: every task unplanned, and why', async () => {
    const tasks = [{ name: 'a', steps: 1, options: [option(1, 1)] }];
    for (const sizes of [[], [0, 0]]) {
      const request = requestOf(sizes, tasks);
      const made = await plan(request);
      expect(made.unplanned).toEqual([{ task: 'a', reason: 'The cluster has no devices.' }]);
      expect(checkPlan(request, made)).toEqual([]);
    }
  });

  it('a task nothing can run is named with its reason, and the others are planned', async () => {
    const request = requestOf(
      [2, 1],
      [
        { name: 'measured-out', steps: 5, options: [], reason: 'Out of memory under every strategy.' },
        { name: 'unmeasured', steps: 5, options: [] },
        { name: 'too-wide', steps: 5, options: [option(4, 1), option(3, 1)] },
        { name: 'excluded', steps: 5, options: [option(1, 1, 0, 'fsdp')] },
        { name: 'both', steps: 5, options: [option(1, 1, 0, 'fsdp'), option(4, 1)] },
        { name: 'fine', steps: 5, options: [option(1, 1)] }
      ],
      { excludeTechniques: ['fsdp'] }
    );
    const made = await plan(request);
    expect(made.unplanned).toEqual([
      { task: 'measured-out', reason: 'Out of memory under every strategy.' },
      { task: 'unmeasured', reason: 'No strategy has been measured for it.' },
      {
        task: 'too-wide',
        reason: 'It needs at least 3 devices on one node; the largest node has 2 devices.'
      },
      { task: 'excluded', reason: 'It can only run with the technique fsdp, which you excluded.' },
      {
        task: 'both',
        reason:
          'Without the technique fsdp, which you excluded, it needs at least 4 devices on one node; the largest node has 2 devices.'
      }
    ]);
    expect(made.segments.map(segment => segment.task)).toEqual(['fine']);
    expect(checkPlan(request, made)).toEqual([]);
  });

  it('zero steps and zero seconds', async () => {
    const tasks = Array.from({ length: 30 }, (_, i) => ({
      name: `t${i}`,
      steps: 0,
      options: [option(2, 5)]
    }));
    const request = requestOf([2, 3], tasks);
    const made = await plan(request);
    expect(checkPlan(request, made)).toEqual([]);
    expect(made).toMatchObject({ makespan: 0, lowerBound: 0, gap: 0, optimal: true, binding: 'none' });
  });

  it('huge and tiny times together', async () => {
    const request = requestOf(
      [2],
      [
        { name: 'eons', steps: 1_000_000, options: [option(1, 1e9), option(2, 6e8)] },
        { name: 'blink', steps: 1, options: [option(1, 1e-9)] },
        { name: 'age', steps: 1, options: [option(1, 1e14, 3)] }
      ]
    );
    const made = await plan(request);
    expect(checkPlan(request, made)).toEqual([]);
  });

  it('a running task goes on where it is, its technique excluded or not', async () => {
    const strategy = { technique: 'fsdp', devices: 2 };
    const request = requestOf(
      [3],
      [
        {
          name: 'old',
          steps: 10,
          options: [option(2, 3, 99, 'fsdp'), option(1, 1)],
          running: { strategy, node: 'n0', devices: ['d2', 'd0'] }
        },
        { name: 'new', steps: 10, options: [option(2, 1, 1)] },
        { name: 'small', steps: 10, options: [option(1, 1, 1)] }
      ],
      { excludeTechniques: ['fsdp'] }
    );
    const made = await plan(request);
    expect(checkPlan(request, made)).toEqual([]);
    expect(made.segments).toMatchObject([
      { task: 'old', start: 0, end: 30, devices: ['d2', 'd0'] },
      { task: 'small', start: 0, end: 11, devices: ['d1'] },
      { task: 'new', start: 30, end: 41 }
    ]);
  });

  it('nothing but running tasks is optimal as it is', async () => {
    const running = { strategy: { technique: 'ddp', devices: 1 }, node: 'n0', devices: ['d1'] };
    const request = requestOf([2], [{ name: 'old', steps: 4, options: [option(1, 2)], running }]);
    const made = await plan(request);
    expect(made).toMatchObject({ makespan: 8, optimal: true, gap: 0, binding: 'longest-task' });
    expect(checkPlan(request, made)).toEqual([]);
  });
});

describe('questions without meaning are refused', () => {
  const fine = { name: 'a', steps: 1, options: [option(1, 1)] };
  const place = (devices: string[], node = 'n0', count = devices.length) => ({
    ...fine,
    running: { strategy: { technique: 'ddp', devices: count }, node, devices }
  });
  const cases: [string, PlanRequest, RegExp][] = [
    ['duplicate task', requestOf([1], [fine, fine]), /two entries "a"/],
    [
      'duplicate node',
      {
        ...requestOf([1], []),
        cluster: { nodes: [...requestOf([1], []).cluster.nodes, ...requestOf([1], []).cluster.nodes] }
      },
      /two entries "n0"/
    ],
    [
      'duplicate strategy',
      requestOf([1], [{ ...fine, options: [option(1, 1), option(1, 2)] }]),
      /strategy of task "a"/
    ],
    ['NaN', requestOf([1], [{ ...fine, options: [option(1, Number.NaN)] }]), /not NaN/],
    ['infinite', requestOf([1], [{ ...fine, options: [option(1, 1, Infinity)] }]), /not Infinity/],
    ['negative time', requestOf([1], [{ ...fine, options: [option(1, -1)] }]), /not -1/],
    ['negative steps', requestOf([1], [{ ...fine, steps: -3 }]), /not -3/],
    ['half a step', requestOf([1], [{ ...fine, steps: 0.5 }]), /whole number/],
    [
      'no devices in a strategy',
      requestOf([1], [{ ...fine, options: [option(0, 1)] }]),
      /at least one device/
    ],
    [
      'overflow',
      requestOf([1], [{ ...fine, steps: 1e9, options: [option(1, 1e300)] }]),
      /longer than a number/
    ],
    ['bad seed', requestOf([1], [fine], { seed: -1 }), /seed/],
    ['bad seconds', requestOf([1], [fine], { budget: { seconds: Number.NaN } }), /budget in seconds/],
    ['bad iterations', requestOf([1], [fine], { budget: { iterations: 1.5 } }), /budget in iterations/],
    ['unknown node', requestOf([1], [place(['d0'], 'elsewhere')]), /not in the cluster/],
    ['unknown device', requestOf([1], [place(['d7'])]), /does not have/],
    ['wrong count', requestOf([2], [place(['d0', 'd1'], 'n0', 1)]), /on 2 devices/],
    ['unknown speed', requestOf([2], [place(['d0', 'd1'])]), /not among its options/],
    ['shared device', requestOf([1], [place(['d0']), { ...place(['d0']), name: 'b' }]), /both run on device/]
  ];
  it.each(cases)('%s', async (_, request, message) => {
    expect(await refusal(request)).toMatch(message);
  });
});
