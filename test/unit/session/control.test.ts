import { describe, expect, it } from 'vitest';
import { admit } from '../../../src/core/session/admission.js';
import { wishesEvent } from '../../../src/core/session/wishRequests.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import type { Message } from '../../../src/core/wire/messages.js';
import { eventOfRequest } from '../../../src/engine/requestEvents.js';
import { SessionHarness, spec } from './sessionHarness.js';

/** Tasks in training on one device each, one after the other. */
function training(...names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  toStart(sim);
  return sim;
}

/** Answer what is asked until the next thing to do is to start a group. */
function toStart(sim: SessionHarness): void {
  while (sim.pending.length > 0 && sim.pending[0]!.kind !== 'start') {
    sim.perform(sim.pending.shift()!);
  }
}

/** What a client asks, as the engine takes it in. */
function ask(sim: SessionHarness, type: 'stop' | 'resume' | 'retry' | 'run', ...tasks: string[]): void {
  const body = tasks.length > 0 ? { tasks } : {};
  sim.feed(eventOfRequest({ v: 1, id: '1', type, body } as Message<'client'>, sim.session, sim.time)!);
}

/** The code of what is said to an order that makes no sense. */
function refusal(order: () => unknown): string | undefined {
  try {
    order();
  } catch (error) {
    return (error as SaturnError).failure.code;
  }
  return undefined;
}

function remove(sim: SessionHarness, ...tasks: string[]): void {
  sim.feed(eventOfRequest({ v: 1, id: '1', type: 'tasks.remove', body: { tasks } }, sim.session, sim.time)!);
}

/** Answer what is asked until a group is to be started. */
function untilStart(sim: SessionHarness): string[] {
  while (sim.pending.length > 0 && !sim.pending.some(({ kind }) => kind === 'start')) {
    sim.perform(sim.pending.shift()!);
  }
  return sim.take('start').map(({ body }) => body.task.name);
}

describe('a task that is stopped while others wait', () => {
  it('is out of the plan at once, and its device goes to the next without another plan', () => {
    const sim = training('a', 'b');
    sim.take('start');
    ask(sim, 'stop', 'a');
    const [plan] = sim.take('plan');
    expect(plan!.request.tasks.map(({ name }) => name)).toEqual(['b']);
    sim.perform(plan!);
    expect(sim.take('start')).toEqual([]);
    ask(sim, 'stop', 'a');
    expect(sim.take('plan')).toEqual([]);
    sim.group('a', 1, 'stopped', { step: 3 });
    expect(sim.take('plan')).toEqual([]);
    expect(sim.take('start').map(({ body }) => body.task.name)).toEqual(['b']);
    expect(sim.status('a')).toBe('stopped');
  });

  it('stays out until it is resumed, then joins the run from its checkpoint', () => {
    const sim = training('a', 'b', 'c');
    sim.take('start');
    ask(sim, 'stop', 'a');
    sim.group('a', 1, 'stopped', { step: 3 });
    sim.take('stop');
    expect(untilStart(sim)).toEqual(['b']);
    ask(sim, 'resume', 'a');
    expect(sim.session.selection).toBeNull();
    sim.group('b', 1, 'finished', { step: 10 });
    sim.settle();
    expect(['a', 'b', 'c'].map(name => sim.status(name))).toEqual(['finished', 'finished', 'finished']);
    expect(sim.session.state.tasks[0]!.attempts.map(({ outcome }) => outcome)).toEqual([
      'stopped',
      'finished'
    ]);
  });

  it('goes on when it is resumed before it has left, unless it is stopped once more', () => {
    for (const [orders, end] of [
      [['stop', 'resume'], 'finished'],
      [['stop', 'run'], 'finished'],
      [['stop', 'resume', 'stop'], 'stopped']
    ] as const) {
      const sim = training('a', 'b');
      sim.take('start');
      for (const order of orders) {
        ask(sim, order, 'a');
      }
      sim.group('a', 1, 'stopped', { step: 3 });
      sim.pending = sim.pending.filter(({ kind }) => kind !== 'stop');
      sim.settle();
      expect(sim.status('a')).toBe(end);
      expect(sim.session.state.tasks[0]!.moving).toBeUndefined();
    }
  });

  it('is the only one that trains when nothing ran as it was resumed', () => {
    const sim = training('a', 'b');
    sim.take('start');
    ask(sim, 'stop');
    sim.settle();
    sim.group('a', 1, 'stopped', { step: 3 });
    ask(sim, 'resume', 'a');
    sim.settle();
    expect([sim.status('a'), sim.status('b')]).toEqual(['finished', 'ready']);
  });
});

it('what is moved or being removed is none of the stopped ones', () => {
  const sim = training('a');
  sim.take('start');
  const [task] = sim.session.state.tasks;
  for (const mark of [{ moving: true }, { removing: true }]) {
    const tasks = [{ ...task!, status: 'stopping' as const, ...mark }];
    sim.session = { ...sim.session, state: { ...sim.session.state, tasks } };
    expect(refusal(() => ask(sim, 'resume'))).toBe('nothing-stopped');
  }
});

describe('a task that is over', () => {
  it('takes no orders, which is said with what can be done; with others it is passed over', () => {
    const sim = training('a', 'b', 'c');
    sim.take('start');
    sim.group('a', 1, 'finished', { step: 10 });
    sim.group('b', 1, 'failed', { error: { code: 'no', message: 'No.' } });
    expect(refusal(() => ask(sim, 'stop', 'a'))).toBe('task-finished');
    expect(refusal(() => ask(sim, 'stop', 'a', 'b'))).toBe('task-finished');
    const deadline = (task: string): unknown =>
      wishesEvent(sim.session, { tasks: [{ tasks: [task], set: { weight: 2 } }] }, sim.time);
    expect(refusal(() => deadline('a'))).toBe('task-finished');
    expect(refusal(() => deadline('b'))).toBeUndefined();
    ask(sim, 'stop', 'a', 'c');
    expect(['a', 'c'].map(name => sim.status(name))).toEqual(['finished', 'stopping']);
  });
});

describe('a clone that is made while some tasks train', () => {
  it('is trained with them when it is one of theirs', () => {
    const sim = training('a', 'b');
    sim.take('start');
    ask(sim, 'stop');
    sim.settle();
    sim.group('a', 1, 'stopped', { step: 3 });
    ask(sim, 'run', 'a');
    toStart(sim);
    for (const parent of ['a', 'b']) {
      const clone = { ...spec(`${parent}-clone`, 'other'), cloneOf: parent };
      sim.feed({ kind: 'tasks-added', tasks: [clone] });
    }
    expect(sim.session.selection).toEqual(['a', 'a-clone']);
    sim.settle();
    const names = ['a', 'a-clone', 'b', 'b-clone'];
    expect(names.map(name => sim.status(name))).toEqual(['finished', 'finished', 'ready', 'ready']);
  });
});

describe('a task that failed', () => {
  it('is tried again beside what runs', () => {
    const sim = training('a', 'b');
    sim.take('start');
    sim.group('a', 1, 'failed', { error: { code: 'no', message: 'No.' } });
    expect(untilStart(sim)).toEqual(['b']);
    expect(refusal(() => ask(sim, 'resume', 'a'))).toBe('task-failed');
    expect(refusal(() => ask(sim, 'retry', 'b'))).toBe('not-failed');
    ask(sim, 'retry');
    sim.group('b', 1, 'finished', { step: 10 });
    sim.settle();
    expect([sim.status('a'), sim.status('b')]).toEqual(['finished', 'finished']);
    expect(refusal(() => ask(sim, 'retry'))).toBe('nothing-failed');
    expect(refusal(() => ask(sim, 'resume', 'a'))).toBe('task-finished');
    expect(refusal(() => ask(sim, 'resume'))).toBe('nothing-stopped');
    expect(refusal(() => ask(sim, 'resume', 'x'))).toBe('unknown-task');
  });
});

describe('a task that could not be built', () => {
  it('is built again when it is retried, and trains if it can be now', () => {
    const sim = training('a', 'b');
    sim.take('start');
    sim.feed({ kind: 'tasks-added', tasks: [spec('c')] });
    sim.take('inspect');
    const lost = { code: 'rank-lost', message: 'Rank 0 was killed.' };
    sim.feed({ kind: 'inspected', results: [{ task: 'c', hash: spec('c').hash, error: lost }] });
    expect(sim.status('c')).toBe('invalid');
    ask(sim, 'retry');
    expect(sim.status('c')).toBe('inspecting');
    const again = sim.take('inspect');
    expect(again.flatMap(({ body }) => body.tasks.map(({ name }) => name))).toEqual(['c']);
    expect(refusal(() => ask(sim, 'retry'))).toBe('nothing-failed');
    for (const command of again) {
      sim.perform(command);
    }
    sim.group('a', 1, 'finished', { step: 10 });
    sim.settle();
    expect(['a', 'b', 'c'].map(name => sim.status(name))).toEqual(['finished', 'finished', 'finished']);
  });
});

describe('a task that can still not be built', () => {
  it('says so again, and nothing goes on for it', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('c')] });
    const error = { code: 'no', message: 'No.' };
    const fail = (): void => {
      sim.take('inspect');
      sim.feed({ kind: 'inspected', results: [{ task: 'c', hash: spec('c').hash, error }] });
    };
    fail();
    ask(sim, 'retry', 'c');
    expect([sim.status('c'), sim.session.state.goal]).toEqual(['inspecting', 'run']);
    fail();
    expect([sim.status('c'), sim.session.state.goal]).toEqual(['invalid', 'none']);
    expect(sim.session.state.tasks[0]?.error).toEqual(error);
  });
});

describe('a task that is removed while it trains', () => {
  it('is killed, is archived when its ranks are gone, and leaves its device to the next', () => {
    const sim = training('a', 'b');
    sim.take('start');
    remove(sim, 'a');
    expect(sim.take('stop').map(({ body }) => body)).toEqual([{ task: 'a', attempt: 1, graceSeconds: 0 }]);
    expect(sim.take('archive')).toEqual([]);
    remove(sim, 'a');
    sim.take('stop');
    expect(untilStart(sim)).toEqual([]);
    for (const order of ['stop', 'resume', 'run'] as const) {
      expect(refusal(() => ask(sim, order, 'a'))).toBe('being-removed');
    }
    expect(refusal(() => admit(sim.session, [spec('a')], true))).toBe('being-removed');
    const commands = sim.group('a', 1, 'stopped', { step: 0 });
    expect(commands.map(({ kind }) => kind)).toEqual(['archive', 'start']);
    expect(sim.status('a')).toBeUndefined();
    expect(admit(sim.session, [spec('a')], false).added).toHaveLength(1);
  });

  it('is gone however its group ends, also with its agent', () => {
    for (const kind of ['finished', 'failed', 'oom', 'lost'] as const) {
      const sim = training('a');
      sim.take('start');
      remove(sim, 'a');
      sim.group('a', 1, kind, { step: 10 });
      expect(sim.session.state.tasks).toEqual([]);
      expect(sim.take('archive').map(({ tasks }) => tasks)).toEqual([['a']]);
    }
    const sim = training('a');
    sim.take('start');
    remove(sim, 'a');
    sim.take('stop');
    sim.connect(1, [{ task: 'a', attempt: 1 }]);
    expect(sim.take('stop').map(({ body }) => body.graceSeconds)).toEqual([0]);
    sim.connect(1);
    expect(sim.session.state.tasks).toEqual([]);
  });
});
