import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { hasTimeCome } from '../../../src/core/session/wishes.js';
import { wishesEvent } from '../../../src/core/session/wishRequests.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type { PlanRequest, SessionEvent, WishesSet } from '../../../src/core/wire/messages.js';
import { givenPlanEvent } from '../../../src/engine/planner/givenPlan.js';
import { SessionHarness, serialPlan, spec } from './sessionHarness.js';

/** Tasks that are measured and planned; what the session commands is performed as long as nothing is started. */
function planned(names: string[], devices = 2): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle();
  sim.feed({ kind: 'plan-requested' });
  sim.settle();
  return sim;
}

function wish(sim: SessionHarness, asked: WishesSet): void {
  sim.feed(wishesEvent(sim.session, asked, sim.time));
}

/** Ask for a run, and for a plan where each task is alone on a device of its own, in the order given. */
function run(sim: SessionHarness, places: Record<string, { device: string; start: number }>): PlanRequest {
  sim.feed({ kind: 'run-requested' });
  let asked: PlanRequest | undefined;
  for (let next = sim.pending.shift(); next && next.kind !== 'start'; next = sim.pending.shift()) {
    if (next.kind === 'plan' && !sim.session.state.probing) {
      asked = next.request;
      const segments = asked.tasks.flatMap(({ name, steps }) => {
        const place = places[name];
        return place
          ? [
              {
                task: name,
                strategy: { technique: 'single', devices: 1 },
                node: 'node',
                devices: [place.device],
                start: place.start,
                end: place.start + 11,
                steps
              }
            ]
          : [];
      });
      const made = { ...serialPlan(asked), segments };
      sim.feed({ kind: 'plan-made', plan: made, basis: next.planRevision });
    } else {
      sim.perform(next);
    }
  }
  return asked as PlanRequest;
}

const started = (sim: SessionHarness): string[] =>
  sim.session.state.tasks.filter(({ status }) => status === 'starting').map(task => task.spec.name);

function refusal(act: () => unknown): { code: string; message: string; hint?: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof SaturnError) {
      return error.failure;
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('wishes', () => {
  it('reach the planner, relative to its own clock', () => {
    const sim = planned(['a', 'b']);
    wish(sim, {
      tasks: [
        { tasks: ['a'], set: { deadline: sim.time + 100, earliestStart: sim.time + 10, weight: 3 } },
        { tasks: ['b'], set: { pin: { technique: 'single', count: 1, devices: ['cpu1'] } } }
      ],
      session: {
        set: { concurrent: 1, deviceSeconds: 50, cost: 9, prices: { node: 3600 }, objective: 'makespan' }
      }
    });
    const now = sim.time - 1;
    const { tasks, limits, prices, objective, cluster } = planRequest(sim.session.state, now + 5);
    expect(tasks[0]).toMatchObject({ deadline: 95, earliestStart: 5, weight: 3 });
    expect(tasks[1]?.pin).toEqual({ technique: 'single', count: 1, node: 'node', devices: ['cpu1'] });
    expect({ limits, prices, objective }).toEqual({
      limits: { concurrent: 1, deviceSeconds: 50, cost: 9 },
      prices: { node: 3600 },
      objective: 'makespan'
    });
    expect(cluster.nodes[0]?.devices).toHaveLength(2);
  });

  it('say what is new, take back what is asked, and leave the rest', () => {
    const sim = planned(['a']);
    const deadline = sim.time + 100;
    wish(sim, { tasks: [{ set: { deadline, weight: 2 } }] });
    wish(sim, { tasks: [{ tasks: ['a'], set: { weight: 5 } }] });
    expect(sim.session.state.tasks[0]?.wishes).toEqual({ weight: 5, deadline });
    wish(sim, { tasks: [{ clear: ['deadline'] }] });
    expect(sim.session.state.tasks[0]?.wishes).toEqual({ weight: 5 });
    wish(sim, { tasks: [{ clear: ['weight'] }] });
    expect(sim.session.state.tasks[0]).not.toHaveProperty('wishes');
    const { tasks, objective } = planRequest(sim.session.state, sim.time);
    expect([objective, tasks[0]?.weight]).toEqual([undefined, undefined]);
  });

  it('make the plan stale, stay with a task of the same name, and leave with it', () => {
    const sim = planned(['a', 'b']);
    expect(sim.session.state.plan?.fresh).toBe(true);
    wish(sim, { tasks: [{ tasks: ['a'], set: { weight: 2 } }] });
    expect(sim.session.state.plan?.fresh).toBe(false);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'other')] });
    expect(sim.session.state.tasks[0]).toMatchObject({ spec: { hash: 'other' }, wishes: { weight: 2 } });
    sim.feed({ kind: 'tasks-removed', tasks: ['a'] });
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    expect(sim.session.state.tasks.find(task => task.spec.name === 'a')?.wishes).toBeUndefined();
  });

  it('of a weight make weighted ends the objective, unless another is asked for', () => {
    const sim = planned(['a', 'b']);
    wish(sim, { tasks: [{ tasks: ['b'], set: { weight: 2 } }] });
    expect(planRequest(sim.session.state, sim.time).objective).toBe('weighted-completion');
    wish(sim, { session: { set: { objective: 'makespan' } } });
    expect(planRequest(sim.session.state, sim.time).objective).toBe('makespan');
  });

  it('keep devices free of plans and trials, and move off them what trains there', () => {
    const sim = planned(['a', 'b'], 3);
    run(sim, {});
    expect(started(sim)).toEqual(['a']);
    wish(sim, { session: { freeCount: 1 } });
    expect(sim.session.state.wishes?.freeDevices).toEqual([{ node: 'node', devices: ['cpu2'] }]);
    expect(planRequest(sim.session.state, sim.time).tasks[0]?.running?.devices).toEqual(['cpu0']);
    wish(sim, { session: { set: { freeDevices: [{ node: 'node', devices: ['cpu0'] }] } } });
    const { cluster, tasks } = planRequest(sim.session.state, sim.time);
    expect(cluster.nodes[0]?.devices.map(({ id }) => id)).toEqual(['cpu1', 'cpu2']);
    expect(tasks.find(({ name }) => name === 'a')?.running).toBeUndefined();
    sim.group('a', 1, 'finished', { step: 10 });
    sim.feed({ kind: 'reset' });
    expect(sim.session.state.wishes?.freeDevices).toHaveLength(1);
    expect(sim.session.state.tasks).toEqual([]);
  });

  it('count a budget from when it was asked for', () => {
    const sim = planned(['a', 'b']);
    run(sim, { a: { device: 'cpu0', start: 0 } });
    sim.time += 100;
    wish(sim, { session: { set: { deviceSeconds: 60, cost: 100, prices: { node: 7200 } } } });
    const { limits } = planRequest(sim.session.state, sim.time + 10);
    expect(limits).toEqual({ deviceSeconds: 50, cost: 80 });
    expect(planRequest(sim.session.state, sim.time + 1000).limits).toEqual({ deviceSeconds: 0, cost: 0 });
  });

  it('count what tasks have taken of a budget also once they are removed, replaced or reset', () => {
    const left = (sim: SessionHarness): unknown => planRequest(sim.session.state, sim.time).limits;
    const trained = (): SessionHarness => {
      const sim = planned(['a', 'b']);
      wish(sim, { session: { set: { deviceSeconds: 1000, cost: 1000, prices: { node: 3600 } } } });
      run(sim, { a: { device: 'cpu0', start: 0 } });
      sim.time += 50;
      sim.group('a', 1, 'finished', { step: 10 });
      return sim;
    };
    const sim = trained();
    const limits = left(sim);
    expect(limits).toEqual({ deviceSeconds: 950, cost: 950 });
    const events: SessionEvent[] = [
      { kind: 'tasks-removed', tasks: ['a'] },
      { kind: 'tasks-added', tasks: [spec('a', 'other')] },
      { kind: 'reset' }
    ];
    for (const event of events) {
      const other = trained();
      other.feed(event);
      expect(left(other)).toEqual(limits);
      wish(other, { session: { set: { deviceSeconds: 1000 } } });
      expect(left(other)).toMatchObject({ deviceSeconds: 1000 });
    }
  });

  it('hold back what is not to start yet, and let it begin when its time has come', () => {
    const sim = planned(['a']);
    wish(sim, { tasks: [{ tasks: ['a'], set: { earliestStart: sim.time + 500 } }] });
    const { tasks } = run(sim, { a: { device: 'cpu0', start: 480 } });
    expect(tasks[0]?.earliestStart).toBeGreaterThan(480);
    expect([sim.session.state.goal, sim.status('a')]).toEqual(['run', 'ready']);
    expect(hasTimeCome(sim.session, sim.time, sim.time + 1)).toBe(false);
    expect(hasTimeCome(sim.session, sim.time, sim.time + 500)).toBe(true);
    sim.feed({ kind: 'clock' }, 500);
    expect(started(sim)).toEqual(['a']);
    expect(hasTimeCome(sim.session, 0, sim.time)).toBe(false);
  });

  it('never let more train at once than asked for, though devices are free', () => {
    const sim = planned(['a', 'b']);
    wish(sim, { session: { set: { concurrent: 1 } } });
    run(sim, { a: { device: 'cpu0', start: 0 }, b: { device: 'cpu1', start: 11 } });
    expect(started(sim)).toEqual(['a']);
    sim.group('a', 1, 'finished', { step: 10 });
    expect(started(sim)).toEqual(['b']);
  });

  it.each<[string, WishesSet, string, RegExp]>([
    ['no such task', { tasks: [{ tasks: ['z'], set: { weight: 2 } }] }, 'unknown-task', /Tasks are: a/],
    ['a past deadline', { tasks: [{ set: { deadline: 999 } }] }, 'bad-wish', /\+2h/],
    ['a past start', { tasks: [{ set: { earliestStart: 999 } }] }, 'bad-wish', /\+2h/],
    ['no such node', { tasks: [{ set: { pin: { node: 'n' } } }] }, 'unknown-device', /There are: node/],
    ['no such device', { tasks: [{ set: { pin: { devices: ['x'] } } }] }, 'unknown-device', /cpu0, cpu1/],
    ['no such technique', { tasks: [{ set: { pin: { technique: 'x' } } }] }, 'unknown-technique', /single/],
    ['an empty pin', { tasks: [{ set: { pin: {} } }] }, 'bad-wish', /technique=fsdp/],
    [
      'start after end',
      { tasks: [{ set: { deadline: 2000, earliestStart: 3000 } }] },
      'bad-wish',
      /earlier start/
    ],
    [
      'too few devices named',
      { tasks: [{ set: { pin: { count: 2, devices: ['cpu0'] } } }] },
      'bad-wish',
      /as many devices/
    ],
    [
      'a pin to what is kept free',
      {
        tasks: [{ set: { pin: { devices: ['cpu1'] } } }],
        session: { set: { freeDevices: [{ node: '', devices: ['cpu1'] }] } }
      },
      'bad-wish',
      /--keep-free none/
    ],
    ['all devices kept free', { session: { freeCount: 2 } }, 'bad-wish', /at least one/],
    ['a budget without prices', { session: { set: { cost: 3 } } }, 'bad-wish', /--price/],
    ['a price of no node', { session: { set: { prices: { n: 1 } } } }, 'unknown-device', /There are: node/]
  ])('that make no sense are refused with what to do: %s', (_, asked, code, hint) => {
    const sim = planned(['a']);
    const failure = refusal(() => wishesEvent(sim.session, asked, sim.time));
    expect(failure.code).toBe(code);
    expect(failure.hint).toMatch(hint);
  });
});

it("a pin to a device that is gone since then stands in no other wish's way", () => {
  const sim = planned(['a', 'b'], 3);
  wish(sim, { tasks: [{ tasks: ['a'], set: { pin: { devices: ['cpu2'] } } }] });
  wish(sim, { session: { set: { freeDevices: [{ node: '', devices: ['cpu0'] }] } } });
  sim.connect(2);
  wish(sim, { tasks: [{ tasks: ['b'], set: { weight: 2 } }] });
  expect(sim.session.state.tasks[1]?.wishes).toEqual({ weight: 2 });
  const kept = { session: { set: { freeDevices: [{ node: '', devices: ['cpu1'] as [string] }] } } };
  wish(sim, { tasks: [{ tasks: ['a'], set: { pin: { devices: ['cpu1'] } } }] });
  expect(refusal(() => wish(sim, kept)).message).toContain('kept free');
});

describe('a plan that a client made', () => {
  it('is followed once the checker has passed it, whatever it says of itself', () => {
    const sim = planned(['a', 'b']);
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    sim.feed(givenPlanEvent(sim.session, segments, sim.time));
    expect(sim.session.state.plan).toMatchObject({ fresh: true, given: true, plan: { method: 'given' } });
    sim.feed({ kind: 'run-requested' });
    expect(started(sim)).toEqual([segments[0]?.task]);
  });

  it('is refused with its faults in words', () => {
    const sim = planned(['a', 'b']);
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    const failure = refusal(() => givenPlanEvent(sim.session, segments.slice(1), sim.time));
    expect(failure).toMatchObject({ code: 'plan-refused', hint: expect.stringMatching(/%saturn plan/) });
    expect(failure.message).toContain('Task "a": it is missing from the plan.');
    const [first, ...others] = segments;
    const elsewhere = [{ ...first!, devices: ['cpu7'] as [string, ...string[]] }, ...others];
    expect(refusal(() => givenPlanEvent(sim.session, elsewhere, sim.time)).message).toContain('cpu7');
  });

  it('is followed to its end, whatever ends, is lost or turns out slower on the way', () => {
    const sim = planned(['a', 'b']);
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    sim.feed(givenPlanEvent(sim.session, segments, sim.time));
    sim.feed({ kind: 'run-requested' });
    const [first, second] = segments.map(({ task }) => task);
    sim.group(first!, 1, 'started', { step: 0 });
    const { signature } = sim.session.state.tasks.find(({ spec }) => spec.name === first)!.inspection!;
    const slow = { signature, strategy: segments[0]!.strategy, source: 'measured', status: 'ok' } as const;
    sim.group(first!, 1, 'measured', { cell: { ...slow, stepSeconds: 9, spreadSeconds: 0, steps: 9 } });
    sim.group(first!, 1, 'lost');
    sim.group(first!, 2, 'stopped', { step: 4 });
    sim.group(first!, 3, 'started', { step: 4 });
    sim.feed({ kind: 'speed-differs', task: first!, stepSeconds: 9, factor: 9 });
    sim.group(first!, 3, 'finished', { step: 10 });
    expect(sim.session.state.plan).toMatchObject({ fresh: true, given: true });
    expect(started(sim)).toEqual([second]);
    sim.group(second!, 1, 'finished', { step: 10 });
    expect(sim.take('plan')).toEqual([]);
    expect(sim.session.state.goal).toBe('none');
  });

  it('is followed though tasks of it were stopped before', () => {
    const sim = planned(['a', 'b']);
    sim.feed({ kind: 'stop-requested', tasks: ['b'] });
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    sim.take('plan');
    sim.feed(givenPlanEvent(sim.session, segments, sim.time));
    sim.feed({ kind: 'run-requested' });
    expect(sim.session.state.plan).toMatchObject({ fresh: true, given: true });
    expect(sim.take('plan')).toEqual([]);
    expect(started(sim)).toEqual([segments[0]?.task]);
  });

  it('gives way to what changes the tasks', () => {
    const sim = planned(['a', 'b']);
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    sim.feed(givenPlanEvent(sim.session, segments, sim.time));
    sim.feed({ kind: 'run-requested' });
    sim.feed({ kind: 'stop-requested', tasks: [segments[1]!.task] });
    expect(sim.take('plan')).toHaveLength(1);
  });

  it('goes on with what trains, from where that is now', () => {
    const sim = planned(['a', 'b']);
    run(sim, { a: { device: 'cpu0', start: 0 } });
    const { segments } = serialPlan(planRequest(sim.session.state, sim.time));
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'step', { step: 4, stepSeconds: 1 });
    sim.feed(givenPlanEvent(sim.session, segments, sim.time));
    const own = sim.session.state.plan?.plan.segments.find(({ task }) => task === 'a');
    expect(own).toMatchObject({ start: 0, end: 5, steps: 5 });
  });
});

const time = fc.integer({ min: 900, max: 3000 });
const names = fc.subarray(['a', 'b', 'c', 'z'], { minLength: 1 });
const share = fc.record({
  node: fc.constantFrom('node', ''),
  devices: fc.subarray(['cpu0', 'cpu1', 'cpu2', 'x'], { minLength: 1 }) as fc.Arbitrary<[string, ...string[]]>
});
const pin = fc.record(
  {
    technique: fc.constantFrom('single', 'ddp', 'other'),
    count: fc.integer({ min: 1, max: 3 }),
    node: fc.constantFrom('node', 'other'),
    devices: share.map(({ devices }) => devices),
    strategy: fc.constant({ technique: 'ddp', devices: 2 })
  },
  { requiredKeys: [] }
);
const asked: fc.Arbitrary<WishesSet> = fc.record(
  {
    tasks: fc.array(
      fc.record(
        {
          tasks: names as fc.Arbitrary<[string, ...string[]]>,
          set: fc.record(
            {
              deadline: time,
              earliestStart: time,
              weight: fc.double({ min: 0.1, max: 9, noNaN: true }),
              pin
            },
            { requiredKeys: [] }
          ),
          clear: fc.subarray([
            'deadline' as const,
            'earliestStart' as const,
            'weight' as const,
            'pin' as const
          ])
        },
        { requiredKeys: [] }
      ),
      { maxLength: 2 }
    ),
    session: fc.record(
      {
        set: fc.record(
          {
            objective: fc.constantFrom('makespan' as const, 'weighted-completion' as const),
            concurrent: fc.integer({ min: 1, max: 3 }),
            deviceSeconds: fc.double({ min: 1, max: 100, noNaN: true }),
            cost: fc.double({ min: 1, max: 100, noNaN: true }),
            prices: fc.constantFrom<Record<string, number>[]>({ node: 3600 }, { other: 1 }),
            freeDevices: fc.array(share, { maxLength: 2 })
          },
          { requiredKeys: [] }
        ),
        clear: fc.subarray(['freeDevices' as const, 'cost' as const, 'concurrent' as const]),
        freeCount: fc.integer({ min: 1, max: 3 })
      },
      { requiredKeys: [] }
    )
  },
  { requiredKeys: [] }
);
const move = fc.oneof(
  { weight: 4, arbitrary: asked },
  { weight: 1, arbitrary: fc.constantFrom('plan' as const, 'run' as const, 'fewer' as const, 'end' as const) }
);

it('whatever is asked: it is refused in words or planned for, and a replay gives the same session', async () => {
  let heeded = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 8 }), async moves => {
      const sim = planned(['a', 'b', 'c'], 3);
      for (const one of moves) {
        if (one === 'plan') {
          sim.feed({ kind: 'plan-requested' });
        } else if (one === 'run') {
          sim.feed({ kind: 'run-requested' });
        } else if (one === 'fewer') {
          sim.connect(2, []);
        } else if (one === 'end') {
          sim.settle();
        } else {
          try {
            wish(sim, one);
            heeded++;
          } catch (error) {
            expect(error).toBeInstanceOf(SaturnError);
          }
        }
        const request = { ...planRequest(sim.session.state, sim.time), budget: { iterations: 50 } };
        expect(checkPlan(request, await plan(request))).toEqual([]);
      }
      sim.settle();
      const wanted = sim.session.state.tasks.map(task => task.spec.name) as [string, ...string[]];
      const every: WishesSet = {
        tasks: [{ tasks: wanted, clear: ['deadline', 'earliestStart', 'weight', 'pin'] }],
        session: { clear: ['freeDevices', 'concurrent', 'objective', 'cost', 'deviceSeconds', 'prices'] }
      };
      wish(sim, every);
      sim.feed({ kind: 'run-requested' });
      sim.settle();
      expect(new Set(sim.session.state.tasks.map(({ status }) => status))).toEqual(new Set(['finished']));
      let again = emptySession('test', '/tmp/test');
      for (const { event, time } of sim.log) {
        again = step(again, event, time).session;
      }
      expect(again).toEqual(sim.session);
    }),
    { numRuns: 60 }
  );
  expect(heeded).toBeGreaterThan(10);
});
