import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { believedCells } from '../../../src/core/session/belief.js';
import { isReplanDue } from '../../../src/core/session/replanTiming.js';
import type { Plan, PlanRequest, ProfileCell, Segment, Strategy } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

const [SINGLE, DDP] = STRATEGIES as [Strategy, Strategy];

function cell(name: string, strategy: Strategy, stepSeconds: number): ProfileCell {
  return {
    signature: `sig-${name}`,
    strategy,
    status: 'ok',
    source: 'measured',
    stepSeconds,
    startSeconds: 0.1,
    saveSeconds: 0.1,
    spreadSeconds: 0.001,
    steps: 20
  };
}

/** A session on two devices with tasks of 100 steps, all cells recalled: `[single, ddp]` seconds a step by task. */
function planned(speeds: Record<string, [number, number]>): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  const names = Object.keys(speeds);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  for (const name of names) {
    sim.feed({
      kind: 'inspected',
      result: { task: name, hash: 'h', inspection: inspection(`sig-${name}`, 100) }
    });
  }
  sim.feed({
    kind: 'cells-recalled',
    cells: names.flatMap(name => [cell(name, SINGLE, speeds[name]![0]), cell(name, DDP, speeds[name]![1])])
  });
  return sim;
}

/** Answer the newest planning question as the planner does. */
async function answer(sim: SessionHarness): Promise<{ request: PlanRequest; made: Plan }> {
  const command = sim.take('plan').at(-1)!;
  const request = { ...command.request, budget: { iterations: 2000 } };
  const made = await plan(request);
  expect(checkPlan(request, made)).toEqual([]);
  sim.feed({ kind: 'plan-made', plan: made, basis: command.planRevision }, 0);
  return { request, made };
}

async function run(sim: SessionHarness, switches?: 'never' | 'pays' | 'planned'): Promise<void> {
  sim.feed({ kind: 'run-requested', ...(switches && { switches }) });
  while (!sim.session.state.tasks.some(task => task.status === 'starting')) {
    await answer(sim);
  }
}

function starts(sim: SessionHarness): [string, string, number][] {
  return sim
    .take('start')
    .map(({ body }) => [body.task.name, body.strategy.technique, body.strategy.devices]);
}

const measured = (name: string, strategy: Strategy, stepSeconds: number): { cell: ProfileCell } => ({
  cell: cell(name, strategy, stepSeconds)
});

describe('a task that comes in while others train', () => {
  it('is tried on the devices there are, which do not wait for more of them', async () => {
    const sim = planned({ a: [1, 0.9] });
    sim.feed({ kind: 'wishes-set', tasks: [{ tasks: ['a'], set: { pin: { technique: 'single' } } }] });
    await run(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
    sim.feed({
      kind: 'inspected',
      result: { task: 'b', hash: 'h', inspection: inspection('sig-b', 100) }
    });
    expect(sim.session.state.trials).toEqual([]);
    expect(starts(sim)).toEqual([
      ['a', 'single', 1],
      ['b', 'single', 1]
    ]);
    const b = sim.session.state.tasks.find(task => task.spec.name === 'b')!;
    expect(b.attempts).toMatchObject([{ explores: true, devices: ['cpu1'] }]);
    sim.group('b', 1, 'started', { step: 0 });
    sim.group('b', 1, 'measured', measured('b', SINGLE, 1));
    await answer(sim);
    expect(starts(sim)).toEqual([]);
    expect(sim.session.state.plan?.plan.segments.map(({ task }) => task)).toContain('b');
  });
});

it('a device that is free again is a reason to plan anew', async () => {
  const sim = planned({ a: [1, 0.9], b: [1, 0.9] });
  await run(sim);
  starts(sim);
  sim.group('a', 1, 'started', { step: 0 });
  const [device] = sim.session.state.tasks[1]!.attempts[0]!.devices;
  const error = { code: 'device-busy', message: 'In use.', devices: [device!] };
  sim.group('b', 1, 'failed', { error });
  await answer(sim);
  sim.feed({ kind: 'devices-freed', node: 'node', devices: [device!] });
  await answer(sim);
  expect(sim.session.state.replans?.at(-1)?.causes).toEqual([{ kind: 'devices' }]);
});

describe('a task that is slower than planned', () => {
  it('has the waiting ones planned anew, and is moved when that pays', async () => {
    // Three tasks of equal length on two devices: one each, the third after whichever ends first.
    const sim = planned({ a: [1, 0.9], b: [1, 0.9], c: [1, 0.9] });
    await run(sim);
    const first = starts(sim);
    for (const [name] of first) {
      sim.group(name, 1, 'started', { step: 0 });
    }
    const [slow] = first[0]!;
    sim.group(slow, 1, 'measured', measured(slow, first[0]![1] === 'single' ? SINGLE : DDP, 4));
    const cause = { kind: 'speed', tasks: [slow], factor: first[0]![1] === 'single' ? 4 : 4 / 0.9 };
    const { request } = await answer(sim);
    expect(request.switches).toBe('running');
    expect(request.previous?.map(({ task }) => task).sort()).toEqual(['a', 'b', 'c']);
    expect(sim.session.state.replans).toMatchObject([{ causes: [cause] }]);
  });

  it('is moved to devices that become free, from its checkpoint, and nothing else is', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    await run(sim);
    const first = starts(sim);
    for (const [name] of first) {
      sim.group(name, 1, 'started', { step: 0 });
    }
    // It was to end with the other; now it has most of its work left, and both devices for itself.
    sim.time += 50;
    sim.group('a', 1, 'step', { step: 20, stepSeconds: 1 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 1));
    sim.group('b', 1, 'finished', { step: 100 });
    const { made } = await answer(sim);
    expect(made.segments).toMatchObject([{ task: 'a', strategy: DDP }]);
    expect(sim.take('stop')).toEqual([]);
    const [start] = sim.take('start');
    expect(start?.body).toMatchObject({ attempt: 2, strategy: DDP, steps: 100, after: 1 });
    expect(sim.session.state.tasks[0]).toMatchObject({ status: 'running', next: { number: 2 } });
    sim.group('a', 2, 'ready');
    expect(sim.session.state.tasks[0]).toMatchObject({ status: 'stopping', moving: true });
    const [stop] = sim.take('stop');
    expect(stop?.body).toMatchObject({ task: 'a', attempt: 1 });
    const [told] = sim.session.state.replans!.slice(-1);
    expect(told?.moves).toMatchObject([
      { task: 'a', before: { strategy: SINGLE }, after: { strategy: DDP } }
    ]);
    expect(told!.carryOn!).toBeGreaterThan(told!.makespan);
    sim.group('a', 1, 'stopped', { step: 22 });
    expect(sim.status('a')).toBe('starting');
    expect(sim.take('start')).toEqual([]);
    expect(sim.session.state.tasks[0]?.attempts.at(-1)).toMatchObject({ fromStep: 22 });
    sim.group('a', 2, 'started', { step: 22 });
    sim.group('a', 2, 'finished', { step: 100 });
    expect(sim.session.state.goal).toBe('none');
  });

  it('may be moved as planned beforehand, once that is wanted', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    sim.feed({ kind: 'plan-requested' });
    while (sim.session.state.goal === 'plan') {
      await answer(sim);
    }
    sim.feed({ kind: 'run-requested', switches: 'never' });
    expect([sim.take('plan').length, sim.take('start').length]).toEqual([0, 2]);
    for (const name of ['a', 'b']) {
      sim.group(name, 1, 'started', { step: 0 });
    }
    for (const [switches, asked] of [
      ['pays', 'running'],
      ['planned', 'planned'],
      ['never', 'none']
    ] as const) {
      sim.feed({ kind: 'run-requested', switches });
      expect((await answer(sim)).request.switches).toBe(asked);
    }
    sim.feed({ kind: 'run-requested', switches: 'never' });
    expect(sim.take('plan')).toEqual([]);
  });

  it.each(['never', 'pays'] as const)('is left where it is when moves are not wanted: %s', async policy => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    await run(sim, policy);
    starts(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('b', 1, 'started', { step: 0 });
    sim.time += 50;
    sim.group('a', 1, 'step', { step: 20, stepSeconds: 1 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 1));
    sim.group('b', 1, 'finished', { step: 100 });
    const { request } = await answer(sim);
    expect(request.switches).toBe(policy === 'never' ? 'none' : 'running');
    expect(sim.take('start')).toHaveLength(policy === 'never' ? 0 : 1);
  });

  it('is measured without the programs that ran beside its trial', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    await run(sim);
    const { cells } = sim.session.state;
    const beside = cells.map(one => ({ ...one, foreignBytes: 5 }));
    sim.session = { ...sim.session, state: { ...sim.session.state, cells: beside } };
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 1));
    const found = sim.session.state.cells.find(({ trained }) => trained !== undefined);
    expect(found?.foreignBytes).toBeUndefined();
  });

  it('teaches what its other strategies take', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    await run(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 2));
    const { request } = await answer(sim);
    const options = request.tasks.find(({ name }) => name === 'a')!.options;
    const seconds = Object.fromEntries(options.map(one => [one.strategy.technique, one.stepSeconds]));
    expect(seconds.single).toBe(2);
    expect(seconds.ddp).toBeCloseTo(0.6 * 2 ** 0.5, 6);
  });

  it('teaches the more the more alike the errors of strategies are', () => {
    const trained = (name: string, technique: string, factor: number): ProfileCell => ({
      ...cell(name, { technique, devices: 1 }, factor),
      trained: factor
    });
    const believed = (...known: ProfileCell[]): number =>
      believedCells([...known, cell('a', DDP, 1)]).at(-1)!.stepSeconds!;
    const alike = believed(trained('a', 'x', 2), trained('a', 'y', 2));
    const unlike = believed(trained('a', 'x', 2), trained('a', 'y', 1));
    const contrary = believed(trained('a', 'x', 2), trained('b', 'x', 2), trained('b', 'y', 0.5));
    expect(alike).toBeGreaterThan(2 ** 0.9);
    expect(unlike).toBeLessThan(2 ** 0.3);
    expect(contrary).toBe(1);
    expect(believed(trained('b', 'x', 2))).toBe(1);
    expect(believed(trained('a', 'x', 1))).toBe(1);
  });
});

describe('a device that is to be kept free', () => {
  it.each(['never', 'pays'] as const)('has what trains there moved, if that is wanted: %s', async policy => {
    const sim = planned({ a: [1, 2], b: [1, 2] });
    await run(sim, policy);
    starts(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('b', 1, 'started', { step: 0 });
    const { node, devices } = sim.session.state.tasks[0]!.attempts[0]!;
    sim.feed({ kind: 'wishes-set', session: { set: { freeDevices: [{ node, devices }] } } });
    await answer(sim);
    expect(sim.take('stop')).toHaveLength(policy === 'never' ? 0 : 1);
    expect(sim.status('a')).toBe(policy === 'never' ? 'running' : 'stopping');
    if (policy === 'never') {
      sim.group('b', 1, 'finished', { step: 100 });
      sim.group('a', 1, 'finished', { step: 100 });
      expect(starts(sim)).toEqual([]);
      expect(sim.session.state.goal).toBe('none');
    }
  });

  it('is held on to by a task that would begin anew elsewhere', async () => {
    const sim = planned({ a: [1, 2], b: [1, 2] });
    await run(sim);
    const tasks = sim.session.state.tasks.map(task => ({
      ...task,
      inspection: { ...task.inspection!, native: 'trainer' as const }
    }));
    sim.session = { ...sim.session, state: { ...sim.session.state, tasks } };
    sim.group('a', 1, 'started', { step: 0 });
    const { node, devices } = tasks[0]!.attempts[0]!;
    sim.feed({ kind: 'wishes-set', session: { set: { freeDevices: [{ node, devices }] } } });
    await answer(sim);
    expect(sim.take('stop')).toEqual([]);
  });
});

it('a task whose time comes while trials are thought of is planned for like any other', async () => {
  const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
  const tasks: [string] = ['b'];
  sim.feed({ kind: 'wishes-set', tasks: [{ tasks, set: { earliestStart: sim.time + 300 } }] });
  await run(sim);
  starts(sim);
  sim.group('a', 1, 'started', { step: 0 });
  sim.group('a', 1, 'finished', { step: 100 });
  while (sim.session.state.planning) {
    await answer(sim);
  }
  const cells = sim.session.state.cells.filter(one => one.strategy.devices === 2);
  sim.session = { ...sim.session, state: { ...sim.session.state, cells } };
  sim.feed({ kind: 'wishes-set', tasks: [{ tasks, set: { weight: 2 } }] });
  expect(sim.session.state.probing).toBe(true);
  sim.feed({ kind: 'clock' }, 300);
  expect(sim.status('b')).toBe('starting');
  await answer(sim);
  expect(sim.session.state.planning || sim.session.state.probing).toBe(false);
});

it('a task stays where it is until training has measured it there', async () => {
  const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
  await run(sim);
  for (const name of ['a', 'b']) {
    sim.group(name, 1, 'started', { step: 0 });
  }
  starts(sim);
  sim.time += 50;
  sim.group('a', 1, 'step', { step: 20, stepSeconds: 1 });
  sim.group('b', 1, 'finished', { step: 100 });
  const { request } = await answer(sim);
  expect(request.tasks).toMatchObject([{ name: 'a', options: [{ strategy: SINGLE, startSeconds: 0.1 }] }]);
  expect(starts(sim)).toEqual([]);
  sim.group('a', 1, 'measured', measured('a', SINGLE, 2));
  sim.time += 5;
  sim.feed({ kind: 'replan-due' });
  await answer(sim);
  expect(starts(sim)).toEqual([['a', 'ddp', 2]]);
});

describe('a run of some tasks', () => {
  it('goes on with what trained already, also after a move', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6], c: [0.001, 0.002] });
    await run(sim);
    sim.feed({ kind: 'stop-requested', tasks: ['c'] });
    await answer(sim);
    const training = starts(sim).map(([name]) => name);
    expect(training.sort()).toEqual(['a', 'b']);
    for (const name of training) {
      sim.group(name, 1, 'started', { step: 0 });
    }
    sim.feed({ kind: 'run-requested', tasks: ['b'] });
    await answer(sim);
    sim.time += 50;
    sim.group('a', 1, 'step', { step: 20, stepSeconds: 1 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 1));
    sim.group('b', 1, 'finished', { step: 100 });
    await answer(sim);
    expect(sim.session.state.tasks[0]).toMatchObject({ status: 'running', next: { number: 2 } });
    sim.group('a', 2, 'ready');
    sim.group('a', 1, 'stopped', { step: 22 });
    expect(sim.status('a')).toBe('starting');
    expect(sim.status('c')).toBe('stopped');
  });
});

describe('tasks of one signature', () => {
  /** Two that train beside each other, of which the second reports to be as slow as it says. */
  async function twins(reported?: number): Promise<SessionHarness> {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a', 'one'), spec('b', 'two')] });
    for (const [task, hash] of [
      ['a', 'one'],
      ['b', 'two']
    ] as const) {
      sim.feed({ kind: 'inspected', result: { task, hash, inspection: inspection('sig-a', 100) } });
    }
    const cells = [cell('a', SINGLE, 1), cell('a', DDP, 0.9)].map(one => ({ ...one, hash: 'three' }));
    sim.feed({ kind: 'cells-recalled', cells });
    await run(sim);
    for (const [name] of starts(sim)) {
      sim.group(name, 1, 'started', { step: 0 });
    }
    if (reported !== undefined) {
      sim.group('b', 1, 'step', { step: 5, stepSeconds: reported });
    }
    return sim;
  }

  it('are split by what is journaled alone, so that a replay splits them as well', async () => {
    const [told, untold] = [await twins(3), await twins()];
    for (const sim of [told, untold]) {
      sim.group('a', 1, 'measured', measured('a', SINGLE, 3));
    }
    const unlike = ({ session }: SessionHarness) => session.state.tasks.map(task => task.unlike?.factor);
    expect(unlike(told)).toEqual(unlike(untold));
    expect(told.session.state.cells).toEqual(untold.session.state.cells);
  });

  it('that are split leave what training taught of the others behind', async () => {
    const sim = await twins();
    sim.group('b', 1, 'measured', measured('a', SINGLE, 1.2));
    sim.group('a', 1, 'measured', measured('a', SINGLE, 3));
    const own = sim.session.state.cells.find(({ signature }) => signature === 'sig-a/a');
    // What is tried of it later is of itself: none of it is scaled by how wrong others were estimated.
    expect(own).toMatchObject({ stepSeconds: 3, trained: 1 });
  });
});

describe('news', () => {
  it('of a question that nobody answers are told by the next one', async () => {
    const trained = async (): Promise<SessionHarness> => {
      const sim = planned({ a: [1, 0.9], b: [1, 0.9], c: [1, 0.9] });
      await run(sim);
      for (const [name] of starts(sim)) {
        sim.group(name, 1, 'started', { step: 0 });
      }
      sim.feed({ kind: 'stop-requested', tasks: ['c'] });
      return sim;
    };
    const stopped = { kind: 'stopped', tasks: ['c'] };
    const again = await trained();
    const groups = again.session.state.tasks
      .filter(({ status }) => status === 'running')
      .map(({ spec: { name } }) => ({ task: name, attempt: 1 }));
    again.feed({ kind: 'agent-away' });
    again.connect(2, groups);
    await answer(again);
    expect(again.session.state.replans?.at(-1)?.causes).toEqual([stopped]);
    const asked = await trained();
    asked.feed({ kind: 'wishes-set', session: { set: { concurrent: 2 } } });
    await answer(asked);
    expect(asked.session.state.replans?.at(-1)?.causes).toEqual([stopped, { kind: 'wishes' }]);
  });

  it('is no measurement that says what was planned with, nor one lost in noise', async () => {
    const sim = planned({ a: [1, 0.9], b: [1, 0.9] });
    await run(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 1.04));
    sim.group('b', 1, 'started', { step: 0 });
    sim.group('b', 1, 'measured', { cell: { ...cell('b', SINGLE, 1.2), spreadSeconds: 0.5, steps: 10 } });
    expect(sim.session.news).toEqual([]);
    expect(sim.session.state.plan?.fresh).toBe(true);
    expect(sim.take('plan')).toEqual([]);
  });

  it('is told once of a rank group', async () => {
    const sim = planned({ a: [1, 0.9], b: [1, 0.9] });
    await run(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 2));
    await answer(sim);
    sim.group('a', 1, 'measured', measured('a', SINGLE, 2.6));
    expect(sim.session.news).toEqual([]);
  });

  it('is answered without the price of every alternative, which a person gets who asks for a plan', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6], c: [1, 0.6] });
    await run(sim);
    const [first] = starts(sim).map(([name]) => {
      sim.group(name, 1, 'started', { step: 0 });
      return name;
    });
    sim.time += 50;
    sim.group(first!, 1, 'finished', { step: 100 });
    expect((await answer(sim)).request.explain).toBe(false);
    sim.time += 50;
    sim.feed({ kind: 'plan-requested' });
    expect((await answer(sim)).request.explain).toBe(true);
  });

  it('waits a little after a plan, and is then answered', async () => {
    const sim = planned({ a: [1, 0.9], b: [1, 0.9], c: [1, 0.9] });
    await run(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'measured', measured('a', SINGLE, 2));
    sim.take('plan');
    const at = sim.session.question!.time;
    const asking = { ...sim.session, state: { ...sim.session.state, planning: false } };
    const waiting = { ...asking, news: [{ kind: 'ended' as const }] };
    expect(isReplanDue(waiting, at + 0.5)).toBe(false);
    expect(isReplanDue(waiting, at + 31)).toBe(true);
    expect(isReplanDue({ ...asking, news: [] }, at + 5)).toBe(false);
    expect(isReplanDue({ ...asking, news: [] }, at + 1000)).toBe(true);
  });

  it('is answered by what a journal keeps, never by a report that it does not', async () => {
    const sim = planned({ a: [1, 2], b: [1, 2], c: [1, 2] });
    await run(sim);
    sim.feed(
      { kind: 'group', event: { task: 'a', attempt: 1, kind: 'started', time: sim.time, step: 0 } },
      0
    );
    const told = { task: 'a', attempt: 1, kind: 'measured' as const, time: sim.time };
    sim.feed({ kind: 'group', event: { ...told, ...measured('a', SINGLE, 2) } }, 0);
    expect(sim.session.news).toHaveLength(1);
    sim.time += 100;
    sim.group('a', 1, 'step', { step: 60, stepSeconds: 2 });
    expect(sim.take('plan')).toEqual([]);
    sim.feed({ kind: 'replan-due' });
    expect(sim.take('plan')).toHaveLength(1);
  });

  it('lets devices go on with the plan there is until it is answered', async () => {
    const sim = planned({ a: [1, 2], b: [1, 2], c: [1, 2], d: [1, 2] });
    await run(sim);
    const first = starts(sim).map(([name]) => name);
    expect(first).toHaveLength(2);
    sim.time += 100;
    sim.group(first[0]!, 1, 'started', { step: 0 });
    sim.group(first[0]!, 1, 'finished', { step: 100 });
    expect(starts(sim)).toHaveLength(1);
    expect(sim.session.state.planning).toBe(true);
    // One that ends while the question is open is news for the next.
    sim.group(first[1]!, 1, 'started', { step: 0 });
    sim.group(first[1]!, 1, 'finished', { step: 100 });
    expect(starts(sim)).toHaveLength(1);
    expect(sim.session.news).toMatchObject([{ kind: 'ended', tasks: [first[1]] }]);
    await answer(sim);
    expect(sim.take('stop')).toEqual([]);
    expect(sim.session.state.plan?.fresh).toBe(false);
  });

  it('of a planner that fails leaves what trains in peace', async () => {
    const sim = planned({ a: [1, 2], b: [1, 2], c: [1, 2] });
    await run(sim);
    const [first] = starts(sim)[0]!;
    sim.time += 100;
    sim.group(first, 1, 'started', { step: 0 });
    sim.group(first, 1, 'finished', { step: 100 });
    const [question] = sim.take('plan');
    const error = { code: 'internal', message: 'No.' };
    sim.feed({ kind: 'plan-failed', error, basis: question!.planRevision });
    expect(sim.session.state.goal).toBe('run');
    expect(sim.session.state.notices.at(-1)).toEqual(error);
  });
});

describe('a plan of several segments', () => {
  const segment = (task: string, strategy: Strategy, start: number, end: number, steps: number) => ({
    task,
    strategy,
    node: 'node',
    devices: strategy.devices === 1 ? ['cpu0'] : ['cpu0', 'cpu1'],
    start,
    end,
    steps
  });

  it('has each rank group leave after the step it says, and the next go on from there', async () => {
    const sim = planned({ a: [1, 0.6] });
    sim.feed({ kind: 'run-requested' });
    while (sim.session.state.probing || sim.session.state.trials.length > 0) {
      await answer(sim);
    }
    const made: Plan = {
      segments: [segment('a', SINGLE, 0, 40.2, 40), segment('a', DDP, 40.2, 76.3, 60)],
      unplanned: [],
      makespan: 76.3,
      lowerBound: 0,
      gap: 0,
      binding: 'none',
      optimal: false,
      method: 'switching',
      baselines: []
    };
    sim.feed({ kind: 'plan-made', plan: made, basis: sim.session.planRevision });
    const [first] = sim.take('start');
    expect(first?.body).toMatchObject({ strategy: SINGLE, until: 40, steps: 100 });
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'stopped', { step: 40 });
    const [second] = sim.take('start');
    expect(second?.body).toMatchObject({ strategy: DDP, attempt: 2, steps: 100 });
    expect(second?.body.until).toBeUndefined();
    sim.group('a', 2, 'started', { step: 40 });
    sim.group('a', 2, 'finished', { step: 100 });
    expect(sim.status('a')).toBe('finished');
  });

  it.each([
    [['b'], { until: [{ task: 'a', attempt: 1, step: 39 }], stop: [] }],
    [['b', 'c'], { until: [], stop: [{ task: 'a', attempt: 1 }] }]
  ])('has one that is to wait train meanwhile, unless others are to have its device: %j', (others, told) => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6], ...(others.includes('c') && { c: [1, 0.6] }) });
    sim.feed({ kind: 'run-requested' });
    const made = (segments: Segment[]): Plan => ({
      segments,
      unplanned: [],
      makespan: Math.max(...segments.map(({ end }) => end)),
      lowerBound: 0,
      gap: 0,
      binding: 'none',
      optimal: false,
      method: 'construction',
      baselines: []
    });
    const on = (device: string, one: Segment): Segment => ({ ...one, devices: [device] });
    const beside = [
      on('cpu0', segment('a', SINGLE, 0, 100, 100)),
      on('cpu1', segment('b', SINGLE, 0, 100, 100))
    ];
    sim.feed({ kind: 'plan-given', plan: made(beside) });
    sim.take('start');
    for (const name of ['a', 'b']) {
      sim.group(name, 1, 'started', { step: 0 });
      sim.group(name, 1, 'measured', measured(name, SINGLE, 1));
    }
    sim.take('plan');
    const [a, b] = beside as [Segment, Segment];
    const later = others.includes('c') ? [on('cpu0', segment('c', SINGLE, 0, 30, 100))] : [];
    const started = sim.session.state.tasks[0]!.attempts[0]!.startedAt!;
    const start = 40 - (sim.time - started);
    const moved = { ...a, strategy: DDP, devices: ['cpu0', 'cpu1'], start, end: 100 };
    sim.feed({ kind: 'plan-given', plan: made([{ ...b, end: start }, ...later, moved]) }, 0);
    expect(sim.take('until').map(({ body }) => body)).toEqual(told.until);
    expect(sim.take('stop').map(({ body }) => body)).toMatchObject(told.stop);
  });

  it('changes where a rank group that goes on is to leave', async () => {
    const sim = planned({ a: [1, 0.6], b: [1, 0.6] });
    await run(sim, 'planned');
    sim.take('start');
    sim.group('a', 1, 'started', { step: 0 });
    const here = sim.session.state.tasks[0]!.attempts[0]!;
    sim.feed({ kind: 'stop-requested', tasks: ['b'] });
    const [question] = sim.take('plan').slice(-1);
    const stays = { ...segment('a', here.strategy, 0, 30, 30), devices: here.devices };
    const made: Plan = {
      segments: [stays, segment('a', DDP, 30.2, 72.4, question!.request.tasks[0]!.steps - 30)],
      unplanned: [],
      makespan: 72.4,
      lowerBound: 0,
      gap: 0,
      binding: 'none',
      optimal: false,
      method: 'switching',
      baselines: []
    };
    sim.feed({ kind: 'plan-made', plan: made, basis: question!.planRevision });
    const done = 100 - question!.request.tasks[0]!.steps;
    expect(sim.take('until').map(({ body }) => body)).toEqual([{ task: 'a', attempt: 1, step: done + 30 }]);
    expect(sim.session.state.tasks[0]?.attempts[0]?.until).toBe(done + 30);
  });
});
