import { describe, expect, it } from 'vitest';
import { admit, isRestated } from '../../../src/core/session/admission.js';
import type { GroupStart, Result, TaskSpec } from '../../../src/core/wire/messages.js';
import { SessionHarness, spec } from './sessionHarness.js';

const RESULT: Result = { loss: 0.1, metrics: { accuracy: 0.5 } };
const ERROR = { code: 'task-failed', message: 'No.' };

/** A spec whose weights depend on `trains` alone. */
function of(hash: string, trains: string, more: Partial<TaskSpec> = {}): TaskSpec {
  return { ...spec('a', hash, 'cell'), trainingHash: trains, ...more };
}

/** A session whose task was trained to its last step, with that result. */
class Trained extends SessionHarness {
  constructor(private readonly _result: Result) {
    super();
    this.connect(2);
    this.feed({ kind: 'tasks-added', tasks: [of('h', 't')] });
    this.feed({ kind: 'run-requested' });
    this.settle();
    this.pending = [];
  }

  override finish(start: GroupStart): void {
    this.group(start.task.name, start.attempt, 'started', { step: 0 });
    this.measure(start);
    this.group(start.task.name, start.attempt, 'checkpoint', { step: start.steps });
    this.group(start.task.name, start.attempt, 'finished', { step: start.steps, result: this._result });
  }

  get task() {
    return this.session.state.tasks[0]!;
  }
}

describe('a cell that trains as before', () => {
  it('is evaluated again from its last step, and not trained', () => {
    const sim = new Trained(RESULT);
    expect(admit(sim.session, [of('new', 't')], false).replaced).toHaveLength(1);
    sim.feed({ kind: 'tasks-added', tasks: [of('new', 't')] });
    expect(sim.take('archive')).toEqual([]);
    sim.settle();
    expect(sim.task).toMatchObject({ status: 'ready', checkpointStep: 10, progress: { step: 10 } });
    expect(sim.task.result).toBeUndefined();
    sim.feed({ kind: 'run-requested' });
    while (sim.session.state.plan?.fresh !== true) {
      sim.perform(sim.pending.shift()!);
    }
    expect(sim.session.state.plan.plan.segments).toMatchObject([{ task: 'a', steps: 0 }]);
    expect(sim.take('start')).toMatchObject([{ body: { attempt: 2, task: { hash: 'new' } } }]);
    expect(sim.take('trial')).toEqual([]);
  });

  it('is archived once it trains otherwise, which takes --replace', () => {
    const sim = new Trained(RESULT);
    expect(() => admit(sim.session, [of('new', 'other')], false)).toThrow('already trained');
    sim.feed({ kind: 'tasks-added', tasks: [of('new', 'other')] });
    expect(sim.take('archive')).toMatchObject([{ tasks: ['a'] }]);
    expect(sim.task).toMatchObject({ attempts: [], progress: { step: 0 } });
  });

  it('may be the very same where it could not be evaluated', () => {
    expect(admit(new Trained(RESULT).session, [of('h', 't')], false).unchanged).toHaveLength(1);
    const sim = new Trained({ loss: 0.1, metrics: {}, evaluationError: ERROR });
    expect(admit(sim.session, [of('h', 't')], false).replaced).toHaveLength(1);
    sim.feed({ kind: 'tasks-added', tasks: [of('h', 't')] });
    expect(sim.task).toMatchObject({ status: 'inspecting', checkpointStep: 10 });
  });

  it('goes on where it failed on the way', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [of('h', 't')] });
    sim.feed({ kind: 'run-requested' });
    while (sim.status('a') !== 'starting') {
      sim.perform(sim.pending.shift()!);
    }
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'checkpoint', { step: 4 });
    sim.group('a', 1, 'failed', { error: ERROR });
    sim.feed({ kind: 'tasks-added', tasks: [of('new', 't')] });
    expect(sim.session.state.tasks[0]).toMatchObject({ status: 'inspecting', checkpointStep: 4 });
    expect(sim.session.state.tasks[0]?.error).toBeUndefined();
  });

  it('is left alone when only what makes it the better one is said anew', () => {
    const sim = new Trained(RESULT);
    const best = { metric: 'accuracy', goal: 'max' } as const;
    expect(admit(sim.session, [of('h', 't', { best })], false).unchanged).toHaveLength(1);
    expect(isRestated(sim.task.spec, of('h', 't', { best }))).toBe(true);
    expect(isRestated(sim.task.spec, of('h', 't'))).toBe(false);
    sim.feed({ kind: 'tasks-added', tasks: [of('h', 't', { best })] });
    expect(sim.task).toMatchObject({ status: 'finished', result: RESULT, spec: { best } });
    expect(sim.take('inspect')).toEqual([]);
  });
});

it('a run that goes on later does not count the time between', () => {
  const sim = new Trained(RESULT);
  const { run } = sim.session.state;
  sim.time += 1000;
  sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
  sim.feed({ kind: 'run-requested' });
  sim.settle();
  const after = sim.session.state.run!;
  expect(after.startedAt).toBe(run!.startedAt);
  expect(after.idleSeconds).toBeGreaterThan(1000);
  expect(after.endedAt! - after.startedAt - after.idleSeconds!).toBeLessThan(20);
});
