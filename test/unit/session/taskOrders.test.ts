import { describe, expect, it } from 'vitest';
import { obstacleTo, refusalOf, type TaskOrder } from '../../../src/core/model/taskOrders.js';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import type { Message, SessionState, TaskState, TaskStatus } from '../../../src/core/wire/messages.js';
import { eventOfRequest } from '../../../src/engine/requestEvents.js';
import { spec } from './sessionHarness.js';

const STATUSES: TaskStatus[] = [
  'inspecting',
  'invalid',
  'ready',
  'starting',
  'running',
  'stopping',
  'stopped',
  'finished',
  'failed'
];

const task = (status: TaskStatus, part: Partial<TaskState> = {}): TaskState => ({
  spec: spec('a'),
  status,
  attempts: [],
  progress: { step: 0 },
  ...part
});

/** A session with a device and one task. */
function sessionOf(one: TaskState): ISession {
  const session = emptySession('s', '/s');
  const device = { id: 'cpu0', kind: 'cpu' as const, name: 'cpu', memoryBytes: 1 };
  const state: SessionState = {
    ...session.state,
    cluster: { nodes: [{ id: 'n', devices: [device] }] },
    tasks: [one]
  };
  return { ...session, state };
}

const MESSAGES: Partial<Record<TaskOrder, [string, object]>> = {
  run: ['run', { tasks: ['a'] }],
  stop: ['stop', { tasks: ['a'] }],
  resume: ['resume', { tasks: ['a'] }],
  retry: ['retry', { tasks: ['a'] }],
  wish: ['wishes.set', { tasks: [{ tasks: ['a'], set: { weight: 2 } }] }],
  remove: ['tasks.remove', { tasks: ['a'] }]
};

function engineRefuses(order: TaskOrder, one: TaskState): string | undefined {
  const [type, body] = MESSAGES[order]!;
  try {
    eventOfRequest({ v: 1, id: '1', type, body } as Message<'client'>, sessionOf(one), 1e9);
    return undefined;
  } catch (error) {
    return (error as SaturnError).failure.code;
  }
}

const cases = [
  ...STATUSES.map(status => task(status)),
  task('stopping', { moving: true }),
  task('stopping', { removing: true })
];

describe('the engine refuses what views say it does', () => {
  it.each(Object.keys(MESSAGES) as TaskOrder[])('%s', order => {
    for (const one of cases) {
      expect(
        { status: one.status, removing: one.removing, refused: engineRefuses(order, one) !== undefined },
        order
      ).toEqual({
        status: one.status,
        removing: one.removing,
        refused: refusalOf(order, one) !== undefined
      });
    }
  });
});

describe('obstacleTo', () => {
  const idle = { goal: 'none' as const };

  it.each<[TaskOrder, TaskStatus, string | undefined]>([
    ['stop', 'running', undefined],
    ['stop', 'ready', undefined],
    ['stop', 'stopped', 'stopped'],
    ['stop', 'stopping', 'stopping'],
    ['stop', 'finished', 'finished'],
    ['resume', 'stopped', undefined],
    ['resume', 'stopping', undefined],
    ['resume', 'running', 'wanted'],
    ['resume', 'failed', 'failed'],
    ['retry', 'failed', undefined],
    ['retry', 'invalid', undefined],
    ['retry', 'stopped', 'not-failed'],
    ['run', 'ready', undefined],
    ['run', 'finished', 'finished'],
    ['run', 'invalid', 'invalid'],
    ['clone', 'finished', undefined],
    ['wish', 'ready', undefined],
    ['wish', 'finished', 'finished'],
    ['remove', 'running', undefined]
  ])('%s of one that is %s: %s', (order, status, obstacle) => {
    expect(obstacleTo(order, task(status), idle)).toBe(obstacle);
  });

  it('a task that is being taken out takes no more orders', () => {
    const leaving = task('stopping', { removing: true });
    for (const order of ['run', 'stop', 'resume', 'retry', 'clone', 'wish', 'remove'] as const) {
      expect(obstacleTo(order, leaving, idle)).toBe('removing');
    }
  });

  it('one that waits outside the run under way joins it by being resumed', () => {
    const ready = task('ready');
    expect(obstacleTo('resume', ready, { goal: 'run', selected: ['b'] })).toBeUndefined();
    expect(obstacleTo('resume', ready, { goal: 'run', selected: ['a'] })).toBe('wanted');
    expect(obstacleTo('resume', ready, { goal: 'run' })).toBe('wanted');
  });
});
