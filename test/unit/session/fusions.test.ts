import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import { spent } from '../../../src/core/session/budgets.js';
import { planRequest } from '../../../src/core/session/planRequest.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type {
  Inspection,
  Plan,
  ProfileCell,
  Segment,
  SessionWishes,
  TaskState
} from '../../../src/core/wire/messages.js';
import { givenPlanEvent } from '../../../src/engine/planner/givenPlan.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

const SINGLE = { technique: 'single', devices: 1 };
const STEPS = 100;

const cellOf = (signature: string, stepSeconds: number, more: Partial<ProfileCell> = {}): ProfileCell => ({
  signature,
  strategy: SINGLE,
  status: 'ok',
  source: 'measured',
  stepSeconds,
  startSeconds: 1,
  ...more
});

interface IAdapter {
  readonly rank?: number;
  readonly steps?: number;
}

/** A session in which adapters are known to take 1 s a step alone, 1.6 s by two and 3.4 s by eight. */
function known(adapters: readonly IAdapter[], devices = 1): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  const names = adapters.map((_, index) => `a${index}`);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  adapters.forEach(({ rank = 8, steps = STEPS }, index) => {
    const found: Inspection = {
      ...inspection('sig', steps, [SINGLE]),
      fusion: { base: 'base', sites: 2, rank }
    };
    sim.feed({ kind: 'inspected', result: { task: `a${index}`, hash: 'h', inspection: found } });
  });
  const together = [cellOf('base', 1.6, { fused: 2 }), cellOf('base', 3.4, { fused: 8 })];
  sim.feed({ kind: 'cells-recalled', cells: [cellOf('sig', 1), ...together] });
  return sim;
}

const many = (count: number): IAdapter[] => Array.from({ length: count }, () => ({}));

const taskOf = (sim: SessionHarness, name: string): TaskState =>
  sim.session.state.tasks.find(({ spec }) => spec.name === name)!;

const requestOf = (sim: SessionHarness) => planRequest(sim.session.state, sim.time, { explain: false });

const sizes = (sim: SessionHarness): number[] =>
  (requestOf(sim).fusions ?? []).map(({ tasks }) => tasks.length).sort((a, b) => b - a);

/** Have a run of all tasks begun, as the planner plans it. */
async function begun(count: number, devices = 1, wishes?: SessionWishes): Promise<SessionHarness> {
  const sim = known(many(count), devices);
  if (wishes) {
    sim.feed({ kind: 'wishes-set', session: { set: wishes } });
  }
  sim.feed({ kind: 'run-requested' });
  await answer(sim);
  return sim;
}

/** Answer the planner's questions until there are none. */
async function answer(sim: SessionHarness): Promise<Plan | undefined> {
  let last: Plan | undefined;
  for (let [asked] = sim.take('plan'); asked; [asked] = sim.take('plan')) {
    const made = await plan({ ...asked.request, budget: { iterations: 500 } });
    expect(made.fault).toBeUndefined();
    expect(checkPlan(asked.request, made)).toEqual([]);
    last = made;
    sim.feed({ kind: 'plan-made', plan: made, basis: asked.planRevision }, 0);
  }
  return last;
}

/** All of a run tell that they train. */
function train(sim: SessionHarness, count: number): void {
  for (let index = 0; index < count; index++) {
    sim.group(`a${index}`, 1, 'started', { step: 0 });
  }
}

describe('offers', () => {
  it('a run of all, and runs of few sizes, each task in one of a size', () => {
    const sim = known(many(16), 2);
    expect(sizes(sim)).toEqual([8, 8, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2]);
    const [first] = requestOf(sim).fusions!;
    expect(first!.options).toEqual([expect.objectContaining({ strategy: SINGLE, stepSeconds: 3.4 })]);
    // All devices busy for about as long: four runs of five.
    expect(sizes(known(many(20), 2)).filter(size => size === 5)).toHaveLength(4);
  });

  it('no run of tasks whose ranks or lengths differ much', () => {
    expect(sizes(known([{ rank: 4 }, { rank: 16 }]))).toEqual([2]);
    expect(sizes(known([{ rank: 4 }, { rank: 32 }]))).toEqual([]);
    expect(sizes(known([{ steps: 100 }, { steps: 50 }]))).toEqual([2]);
    expect(sizes(known([{ steps: 100 }, { steps: 30 }]))).toEqual([]);
  });

  it('no run with a task of which something is asked, and none at all where nobody wants them', () => {
    const sim = known(many(3));
    sim.feed({ kind: 'wishes-set', tasks: [{ tasks: ['a0'], set: { pin: { technique: 'single' } } }] });
    expect(sizes(sim)).toEqual([2]);
    sim.feed({ kind: 'wishes-set', tasks: [{ tasks: ['a1'], set: { deadline: sim.time + 900 } }] });
    expect(sizes(sim)).toEqual([]);
    const never = known(many(3));
    never.feed({ kind: 'wishes-set', session: { set: { fuse: 'never' } } });
    expect(sizes(never)).toEqual([]);
  });

  it('are quick to be planned, however many', async () => {
    const sim = known(many(48), 2);
    const made = await plan(requestOf(sim));
    expect(made.optimal).toBe(true);
    expect(new Set(made.segments.map(({ fusion }) => fusion)).size).toBe(6);
  });
});

describe('a run of several', () => {
  it('is one group, with what each task is told by itself', async () => {
    const sim = await begun(3);
    const [start, ...others] = sim.take('start');
    expect(others).toEqual([]);
    expect(start!.body).toMatchObject({ task: { name: 'a0' }, attempt: 1, base: 'base', devices: ['cpu0'] });
    expect(start!.body.fused?.map(({ task, attempt, steps }) => [task.name, attempt, steps])).toEqual([
      ['a1', 1, STEPS],
      ['a2', 1, STEPS]
    ]);
    const fusions = sim.session.state.tasks.map(task => task.attempts[0]!.fusion);
    expect(new Set(fusions).size).toBe(1);
    expect(fusions[0]).toBeDefined();
  });

  it('counts as one where few may train at once', async () => {
    const sim = await begun(16, 2, { concurrent: 1 });
    expect(sim.take('start')).toHaveLength(1);
  });

  it('costs the time of its device once', async () => {
    const sim = await begun(4);
    train(sim, 4);
    const from = taskOf(sim, 'a0').attempts[0]!.requestedAt;
    sim.group('a1', 1, 'finished', { step: STEPS });
    const { state } = sim.session;
    expect(spent(state, from + 60)).toBe(60);
    sim.feed({ kind: 'wishes-set', session: { set: { deviceSeconds: 1e6 } } });
    const before = spent(sim.session.state, sim.time);
    sim.feed({ kind: 'tasks-removed', tasks: ['a1'] });
    expect(spent(sim.session.state, sim.time)).toBe(before + 1);
  });

  it('is one placement in the next question, and stays to the end of its last task', async () => {
    const sim = await begun(3);
    sim.take('start');
    train(sim, 3);
    sim.group('a1', 1, 'finished', { step: STEPS });
    const { tasks, previous = [] } = requestOf(sim);
    const running = tasks.flatMap(task => task.running ?? []);
    expect(running).toHaveLength(2);
    expect(new Set(running.map(({ fusion }) => fusion)).size).toBe(1);
    expect(previous.map(({ task, start }) => [task, start])).toEqual([
      ['a0', 0],
      ['a2', 0]
    ]);
    await answer(sim);
    expect(sim.take('stop')).toEqual([]);
    sim.group('a0', 1, 'finished', { step: STEPS });
    expect(requestOf(sim).tasks[0]!.running?.fusion).toBeUndefined();
    await answer(sim);
    expect(sim.take('stop')).toEqual([]);
    expect(sim.status('a2')).toBe('running');
  });

  it('lets one leave that is stopped, or taken out, and the others go on', async () => {
    const sim = await begun(3);
    sim.take('start');
    train(sim, 3);
    sim.feed({ kind: 'stop-requested', tasks: ['a0'] });
    sim.feed({ kind: 'tasks-removed', tasks: ['a1'] });
    const stops = sim.take('stop');
    expect(stops.map(({ body }) => [body.task, body.attempt])).toEqual([
      ['a0', 1],
      ['a1', 1]
    ]);
    // It is not killed, as it would be alone.
    expect(stops[1]!.body.graceSeconds).toBeGreaterThan(0);
    sim.group('a0', 1, 'stopped', { step: 9 });
    sim.group('a1', 1, 'stopped', { step: 9 });
    expect(sim.status('a0')).toBe('stopped');
    expect(sim.status('a1')).toBeUndefined();
    expect(sim.status('a2')).toBe('running');
  });

  it('that does not fit says nothing of its tasks: so many are not put together again', async () => {
    const sim = await begun(8);
    sim.take('start');
    for (let index = 0; index < 8; index++) {
      sim.group(`a${index}`, 1, 'oom', { error: { code: 'out-of-memory', message: 'No.' } });
    }
    const cells = sim.session.state.cells.filter(({ status }) => status === 'oom');
    expect(cells.map(({ signature, fused }) => [signature, fused])).toEqual([['base', 8]]);
    expect(sim.session.state.tasks.every(({ error }) => error === undefined)).toBe(true);
    expect(Math.max(...sizes(sim))).toBeLessThan(8);
  });

  it('that is lost is lost to all, and each goes on alone until it has saved something', async () => {
    const sim = await begun(3);
    sim.take('start');
    train(sim, 3);
    for (const name of ['a0', 'a1', 'a2']) {
      sim.group(name, 1, 'lost');
    }
    expect(sim.session.state.tasks.map(({ attempts }) => attempts[0]!.outcome)).toEqual([
      'lost',
      'lost',
      'lost'
    ]);
    expect(sizes(sim)).toEqual([]);
    await answer(sim);
    const [start] = sim.take('start');
    expect(start?.body.fused).toBeUndefined();
  });

  it('in which one fails: it goes on alone, and fails for good when it does so again', async () => {
    const sim = await begun(3);
    sim.take('start');
    train(sim, 3);
    const error = { code: 'training-failed', message: 'No.' };
    sim.group('a1', 1, 'failed', { error });
    expect(sim.status('a1')).toBe('ready');
    expect(sim.status('a0')).toBe('running');
    sim.group('a0', 1, 'failed', { error: { code: 'loss-not-finite', message: 'Not a number.' } });
    expect(sim.status('a0')).toBe('failed');
    sim.group('a2', 1, 'finished', { step: STEPS });
    await answer(sim);
    const [start] = sim.take('start');
    expect(start!.body).toMatchObject({ task: { name: 'a1' }, attempt: 2 });
    sim.group('a1', 2, 'failed', { error });
    expect(sim.status('a1')).toBe('failed');
  });

  it('tells its speed once for all, and no task seems slower than its like', async () => {
    const sim = await begun(3);
    sim.take('start');
    train(sim, 3);
    for (let report = 0; report < 9; report++) {
      for (const name of ['a0', 'a1', 'a2']) {
        sim.group(name, 1, 'step', { step: 5 + report, stepSeconds: 2 });
      }
    }
    sim.group('a0', 1, 'measured', { cell: cellOf('base', 2.4, { fused: 3, steps: 9, spreadSeconds: 0 }) });
    const { tasks, cells } = sim.session.state;
    expect(tasks.every(({ unlike }) => unlike === undefined)).toBe(true);
    expect(tasks.map(({ attempts }) => attempts[0]!.stepSeconds)).toEqual([2.4, 2.4, 2.4]);
    expect(cells.find(({ fused }) => fused === 3)).toMatchObject({ stepSeconds: 2.4, trained: 1 });
    expect(cells.find(({ signature }) => signature === 'sig')!.trained).toBeUndefined();
    expect(requestOf(sim).tasks[0]!.options.at(-1)!.stepSeconds).toBe(2.4);
    const { question, news } = sim.session;
    const speeds = [...question!.causes, ...news].filter(({ kind }) => kind === 'speed');
    expect(speeds).toHaveLength(1);
  });

  it('is known again when its start is forgotten', async () => {
    const sim = await begun(2);
    sim.take('start');
    train(sim, 2);
    const order = { hash: 'h', strategy: SINGLE, devices: ['cpu0'], fused: ['a0', 'a1'] };
    const groups = ['a0', 'a1'].map(task => ({
      task,
      attempt: 1,
      order: { ...order, fused: ['a0', 'a1'] as [string, string] }
    }));
    const before = sim.log.findIndex(({ event }) => event.kind === 'run-requested') + 1;
    sim.session = sim.log
      .slice(0, before)
      .reduce(
        (session, { event, time }) => step(session, event, time).session,
        emptySession('test', '/tmp/test')
      );
    sim.feed({ kind: 'history-lost', error: { code: 'journal-damaged', message: 'No.' }, saved: [] });
    sim.feed({ kind: 'agent-connected', hello: { node: cpuNode(1), groups, trials: [], inspecting: [] } });
    const running = requestOf(sim).tasks.map(task => task.running);
    expect(running.map(one => one?.devices)).toEqual([['cpu0'], ['cpu0']]);
    expect(running[0]?.fusion).toBe(running[1]?.fusion);
    await answer(sim);
  });
});

describe('a trial of several', () => {
  const error = { code: 'other-task', message: 'It is built otherwise.' };
  const failed = cellOf('base', 0, { status: 'failed', fused: 3, error });

  function tried(): [SessionHarness, string] {
    const sim = known(many(3));
    const alone = sim.session.state.cells.filter(({ fused }) => fused === undefined);
    sim.session = { ...sim.session, state: { ...sim.session.state, cells: alone } };
    sim.feed({ kind: 'profile-requested', full: true });
    const [trial] = sim.take('trial');
    expect(trial!.body).toMatchObject({ base: 'base', signature: 'sig', task: { name: 'a0' } });
    expect(trial!.body.fused).toHaveLength(2);
    return [sim, trial!.body.trial];
  }

  it('which is built otherwise on its device, is no verdict on runs: its tasks are inspected there', () => {
    const [sim, trial] = tried();
    sim.feed({ kind: 'trial-finished', trial, cell: failed });
    const { tasks, trials, cells } = sim.session.state;
    expect(tasks.map(({ status }) => status)).toEqual(Array(3).fill('inspecting'));
    expect(cells.filter(({ fused }) => fused !== undefined)).toEqual([]);
    expect(trials).toEqual([]);
    expect(sim.take('inspect').at(-1)!.body.device).toBe('cpu0');
  });
});

describe('a plan of a client', () => {
  const run = (names: string[], start: number, seconds: number): Segment[] =>
    names.map(task => ({
      ...{ task, strategy: SINGLE, node: 'node', devices: ['cpu0'], start, end: start + seconds },
      ...{ steps: STEPS, fusion: names.join('+') }
    }));

  it('may have tasks in runs of its own', () => {
    const sim = known(many(4));
    const both = [...run(['a0', 'a3'], 0, 161), ...run(['a1', 'a2'], 161, 161)];
    sim.feed({ kind: 'run-requested' });
    sim.feed(givenPlanEvent(sim.session, both, sim.time));
    const [start] = sim.take('start');
    expect([start!.body.task.name, ...start!.body.fused!.map(({ task }) => task.name)]).toEqual(['a0', 'a3']);
    // It is followed on, and may be given again.
    sim.group('a0', 1, 'started', { step: 0 });
    sim.group('a3', 1, 'started', { step: 0 });
    sim.feed(givenPlanEvent(sim.session, both, sim.time));
    expect(sim.take('stop')).toEqual([]);
  });

  it('is refused with the names of tasks that cannot run together', () => {
    const sim = known([{ rank: 4 }, { rank: 64 }]);
    expect(() => givenPlanEvent(sim.session, run(['a0', 'a1'], 0, 161), sim.time)).toThrow(
      'a0, a1 are not tasks that can run fused'
    );
  });
});
