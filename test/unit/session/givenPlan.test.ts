import { describe, expect, it } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { SaturnError } from '../../../src/core/wire/failure.js';
import type {
  Segment,
  StopRule,
  Strategy,
  SweepSpec,
  SwitchPolicy
} from '../../../src/core/wire/messages.js';
import { givenPlanEvent } from '../../../src/engine/planner/givenPlan.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

const [SINGLE, DDP] = STRATEGIES as [Strategy, Strategy];

/** A session on two devices in which a and b, of 100 steps, are known to take 1 s a step on one device and 0.6 s on two. */
function known(native: string[] = [], stop?: StopRule): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  const space = { x: { values: [1] } };
  const sweep: SweepSpec | undefined = stop && { name: 'fn', space, search: 'grid', seed: 0, stop };
  sim.feed({
    kind: 'tasks-added',
    tasks: ['a', 'b'].map(name => spec(name)),
    ...(sweep && { sweep })
  });
  for (const name of ['a', 'b']) {
    const found = inspection(`sig-${name}`, 100);
    const own = native.includes(name) ? { native: 'transformers' as const } : {};
    sim.feed({
      kind: 'inspected',
      result: { task: name, hash: 'h', inspection: { ...found, ...own } }
    });
  }
  sim.feed({
    kind: 'cells-recalled',
    cells: ['a', 'b'].flatMap(name =>
      [SINGLE, DDP].map(strategy => ({
        signature: `sig-${name}`,
        strategy,
        status: 'ok' as const,
        source: 'measured' as const,
        stepSeconds: strategy.devices === 1 ? 1 : 0.6,
        startSeconds: 2,
        saveSeconds: 1
      }))
    )
  });
  return sim;
}

function segment(task: string, on: number[], start: number, steps: number, seconds: number): Segment {
  const devices = on.map(index => `cpu${index}`) as [string, ...string[]];
  const strategy = on.length === 1 ? SINGLE : DDP;
  return { task, strategy, node: 'node', devices, start, end: start + seconds, steps };
}

/** Each task alone on a device. */
const APART = [segment('a', [0], 0, 100, 102), segment('b', [1], 0, 100, 102)];

/** Both devices for a, then for b. */
const TOGETHER = [segment('a', [0, 1], 0, 100, 62), segment('b', [0, 1], 62, 100, 62)];

function give(sim: SessionHarness, segments: Segment[]): void {
  sim.feed(givenPlanEvent(sim.session, segments, sim.time), 0);
}

/** The session trains both tasks apart, and has done so for some seconds. */
function training(seconds: number, switches: SwitchPolicy = 'pays', native: string[] = []): SessionHarness {
  const sim = known(native);
  give(sim, APART);
  sim.feed({ kind: 'run-requested', switches }, 0);
  sim.take('start');
  for (const name of ['a', 'b']) {
    sim.group(name, 1, 'started', { step: 0 });
    sim.group(name, 1, 'step', { step: 10, stepSeconds: 1 });
  }
  sim.time += seconds;
  return sim;
}

const starts = (sim: SessionHarness) =>
  sim.take('start').map(({ body }) => ({ task: body.task.name, devices: body.devices, until: body.until }));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SaturnError && error.failure.code === 'plan-refused') {
      return error.failure.message;
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a plan given where a rule may give up tasks', () => {
  const likely = 10 + 20 / 3 + 60 / 9 + 10 / 27;

  it('is timed by the steps that are likely to be made, whichever its own times reckon with', () => {
    const sim = known([], { kind: 'asha', first: 10 });
    give(sim, TOGETHER);
    const { plan } = sim.session.state.plan!;
    const [a, b] = plan.segments;
    expect([a!.likely, b!.likely]).toEqual([expect.closeTo(likely), expect.closeTo(likely)]);
    expect(b!.start).toBeCloseTo(2 + 0.6 * likely);
    expect(plan.makespan).toBeCloseTo(2 * (2 + 0.6 * likely));
    expect(plan.atMost).toBeGreaterThanOrEqual(124);
    give(sim, plan.segments);
    expect(sim.session.state.plan!.plan.segments).toEqual(plan.segments);
  });
});

describe('a plan of a client', () => {
  it('may have a task change its strategy on the way', () => {
    const sim = known();
    const stages = [segment('a', [0, 1], 0, 40, 27), segment('a', [0], 27, 60, 62)];
    give(sim, [...stages, segment('b', [1], 27, 100, 102)]);
    sim.feed({ kind: 'run-requested' });
    expect(starts(sim)).toEqual([{ task: 'a', devices: ['cpu0', 'cpu1'], until: 40 }]);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'stopped', { step: 40 });
    expect(starts(sim)).toEqual([
      { task: 'a', devices: ['cpu0'], until: undefined },
      { task: 'b', devices: ['cpu1'], until: undefined }
    ]);
    expect(sim.take('plan')).toEqual([]);
  });

  it('moves what trains, which goes on from its step, and is followed after that', () => {
    const sim = training(0);
    give(sim, TOGETHER);
    expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['a', 'b']);
    sim.group('a', 1, 'stopped', { step: 12 });
    expect(starts(sim)).toEqual([]);
    sim.group('b', 1, 'stopped', { step: 13 });
    expect(starts(sim)).toEqual([{ task: 'a', devices: ['cpu0', 'cpu1'], until: undefined }]);
    sim.group('a', 2, 'started', { step: 12 });
    sim.group('a', 2, 'finished', { step: 100 });
    expect(starts(sim)).toEqual([{ task: 'b', devices: ['cpu0', 'cpu1'], until: undefined }]);
    expect(sim.session.state.replans).toMatchObject([
      { causes: [], moves: [{ task: 'a' }, { task: 'b', after: { strategy: DDP } }] }
    ]);
    expect(sim.session.state.plan).toMatchObject({ given: true, fresh: true });
    let replayed = emptySession('test', '/tmp/test');
    for (const { event, time } of sim.log.filter(
      ({ event }) => event.kind !== 'group' || event.event.kind !== 'step'
    )) {
      replayed = step(replayed, event, time).session;
    }
    expect(replayed.state.plan).toEqual(sim.session.state.plan);
  });

  it('leaves alone what it has where it trains, limits it, and tells what is left by present speeds', () => {
    const sim = training(20);
    const stages = [segment('a', [0], 0, 90, 91), segment('a', [1], 200, 10, 12)];
    give(sim, [...stages, segment('b', [1], 0, 100, 102)]);
    expect(sim.take('stop')).toEqual([]);
    expect(sim.take('until').map(({ body }) => [body.task, body.step])).toEqual([['a', 90]]);
    const { segments } = sim.session.state.plan!.plan;
    expect(segments.map(one => [one.task, one.start, one.end, one.steps])).toEqual([
      ['a', 0, 58, 57],
      ['b', 0, 69, 69],
      ['a', 69, 81, 10]
    ]);
  });

  it('leaves out what has been done since it was made', () => {
    const sim = training(0);
    sim.group('a', 1, 'finished', { step: 100 });
    sim.take('stop');
    give(sim, TOGETHER);
    expect(starts(sim)).toEqual([{ task: 'b', devices: ['cpu0', 'cpu1'], until: undefined }]);
    expect(sim.take('stop')).toEqual([]);
    sim.group('b', 2, 'ready');
    expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['b']);
    sim.group('b', 1, 'stopped', { step: 30 });
    expect(sim.session.state.tasks[1]?.attempts.at(-1)).toMatchObject({ strategy: DDP, fromStep: 30 });
  });

  it('is refused where it moves what is to stay', () => {
    const sim = training(0, 'never');
    expect(refusal(() => give(sim, TOGETHER))).toContain('it is running already and must go on where it is');
    const own = training(0, 'pays', ['b']);
    expect(refusal(() => give(own, TOGETHER))).toContain(
      'Task "b" trains by a loop of its own that has saved nothing yet: moved, it would begin anew.'
    );
    expect(own.take('stop')).toEqual([]);
    give(own, APART);
  });

  it('is refused for tasks that are not to be trained, or unknown, and for lacking steps', () => {
    const sim = training(0);
    sim.feed({ kind: 'stop-requested', tasks: ['b'] });
    expect(refusal(() => give(sim, APART))).toContain(
      'Task "b" is stopping, so that it is not to be trained now.'
    );
    sim.group('b', 1, 'stopped', { step: 20 });
    expect(refusal(() => give(sim, TOGETHER))).toContain('Task "b" is stopped');
    give(sim, APART.slice(0, 1));
    const unknown = segment('z', [1], 0, 100, 102);
    expect(refusal(() => give(sim, [...APART.slice(0, 1), unknown]))).toBe(
      'The plan cannot be followed. Task "z" was not asked for.'
    );
    expect(refusal(() => give(sim, [segment('a', [0], 0, 10, 12)]))).toMatch(
      /10 of its \d+ steps are planned/
    );
  });
});
