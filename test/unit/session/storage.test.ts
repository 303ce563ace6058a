import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { neededBytes, RESERVE_BYTES, reliefBytes, storageEvent } from '../../../src/core/session/storage.js';
import { progressLine } from '../../../src/core/view/status/progressLine.js';
import type { Failure } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const FULL: Failure = { code: 'disk-full', message: 'The disk is full: no space.', hint: 'Free some.' };
const SAVED = 16e6;
const MUCH = 1e12;

/** Tasks that save as much each, of which one trains on each of two devices. */
function training(...names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  for (const task of names) {
    const found = inspection('sig', 10, [{ technique: 'single', devices: 1 }]);
    sim.feed({
      kind: 'inspected',
      result: { task, hash: 'h', inspection: { ...found, savedBytes: SAVED } }
    });
  }
  sim.pending = [];
  sim.feed({ kind: 'run-requested' });
  const run = new Set<string>();
  while (run.size < 1) {
    const command = sim.pending.shift()!;
    if (command.kind === 'start') {
      run.add(command.body.task.name);
      sim.group(command.body.task.name, command.body.attempt, 'started', { step: 0 });
    } else {
      sim.perform(command);
    }
  }
  return sim;
}

/** The disk has so much left, as the engine sees it. */
function room(sim: SessionHarness, freeBytes: number | undefined, seconds = 1): void {
  const event = storageEvent(sim.session, freeBytes, sim.time + seconds);
  if (event) {
    sim.feed(event, seconds);
  } else {
    sim.time += seconds;
  }
}

/** Rank groups that were told to leave save and do. */
function leave(sim: SessionHarness, savedStep = 4): void {
  for (const { body } of sim.take('stop')) {
    sim.group(body.task, body.attempt, 'stopped', { step: savedStep });
  }
}

const statuses = ({ session: { state } }: SessionHarness): string[] => state.tasks.map(task => task.status);

describe('before the disk is full', () => {
  it('what is saved next is known: a checkpoint of what trains, and one of what waits', () => {
    const sim = training('a', 'b', 'c');
    expect(neededBytes(sim.session.state)).toBe(RESERVE_BYTES + 2 * SAVED);
  });

  it('what a task would save if all of it were trained does not count', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    const found = { ...inspection('sig'), parameters: 7e9 };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    expect(neededBytes(sim.session.state)).toBe(RESERVE_BYTES);
    sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
    const known = { ...found, savedBytes: 20e6 };
    sim.feed({ kind: 'inspected', result: { task: 'b', hash: 'h', inspection: known } });
    expect(neededBytes(sim.session.state)).toBe(RESERVE_BYTES + 20e6);
  });

  it('the session pauses once, with one notice, and every task keeps its place', () => {
    const sim = training('a', 'b', 'c');
    room(sim, MUCH);
    expect(sim.session.state.pause).toBeUndefined();
    room(sim, RESERVE_BYTES);
    expect(sim.session.state.pause?.error.code).toBe('disk-nearly-full');
    leave(sim);
    room(sim, RESERVE_BYTES);
    room(sim, RESERVE_BYTES - 1);
    expect(statuses(sim)).toEqual(['ready', 'ready', 'ready']);
    expect(sim.session.state.tasks.find(({ attempts }) => attempts.length > 0)).toMatchObject({
      checkpointStep: 4
    });
    expect(sim.session.state).toMatchObject({ goal: 'run' });
    expect(sim.session.state.notices.map(({ code }) => code)).toEqual(['disk-nearly-full']);
    expect(sim.pending.filter(({ kind }) => kind === 'start' || kind === 'trial')).toEqual([]);
    expect(progressLine(sim.session.state, sim.time, ENGLISH)).toContain('paused until there is room');
  });

  it('it goes on by itself when there is room, where it was', () => {
    const sim = training('a', 'b', 'c');
    room(sim, RESERVE_BYTES);
    leave(sim);
    room(sim, neededBytes(sim.session.state));
    expect(sim.session.state.pause).toBeDefined();
    room(sim, MUCH);
    expect(sim.session.state).toMatchObject({ goal: 'run', notices: [] });
    expect(sim.session.state.pause).toBeUndefined();
    sim.settle();
    expect(statuses(sim)).toEqual(['finished', 'finished', 'finished']);
  });

  it('it does not go on to what it then has no room for', () => {
    const sim = training('a', 'b', 'c');
    for (let look = 0; look < 10; look++) {
      room(sim, 1.3 * (RESERVE_BYTES + SAVED));
      for (const { body } of sim.take('start')) {
        sim.group(body.task.name, body.attempt, 'started', { step: 0 });
      }
      leave(sim);
    }
    expect(sim.log.map(({ event }) => event.kind).filter(kind => kind.startsWith('storage'))).toEqual([
      'storage-short'
    ]);
    const { pause, notices } = sim.session.state;
    expect(pause).toBeDefined();
    expect(notices[0]?.hint).toContain('/tmp/test/archive');
    expect(notices[0]?.hint).not.toContain('e.g. by %saturn remove');
  });

  it('what it needs to go on is for as many as may train at once', () => {
    const sim = training('a', 'b', 'c', 'd');
    const needed = (tasks: number): number => 1.25 * (RESERVE_BYTES + tasks * SAVED);
    expect(reliefBytes(sim.session.state)).toBe(needed(3));
    sim.feed({ kind: 'wishes-set', session: { set: { concurrent: 1 } } });
    expect(reliefBytes(sim.session.state)).toBe(needed(2));
  });

  it('an idle session does not care', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    expect(storageEvent(sim.session, 0, sim.time)).toBeUndefined();
  });
});

describe('a disk that takes nothing though it is not full', () => {
  it('pauses the session, which tries again after a while', () => {
    const sim = training('a', 'b');
    const trained = sim.session.state.tasks.find(({ status }) => status === 'running')!.spec.name;
    const failed = { code: 'disk-failed', message: 'Nothing can be written to /s: Read-only file system.' };
    sim.group(trained, 1, 'failed', { error: failed });
    leave(sim);
    const { pause, notices } = sim.session.state;
    expect(pause?.error.hint).toContain('every 60 seconds');
    expect(notices.map(({ code }) => code)).toEqual(['disk-failed']);
    room(sim, MUCH, 60);
    sim.settle();
    expect(statuses(sim)).toEqual(['finished', 'finished']);
    expect(sim.session.state.notices).toEqual([]);
  });
});

describe('a disk that is full', () => {
  it('fails no task, trial or inspection: they are where they were, and are told of once', () => {
    const sim = training('a', 'b');
    sim.feed({ kind: 'tasks-added', tasks: [spec('late')] });
    const trained = sim.session.state.tasks.find(({ status }) => status === 'running')!.spec.name;
    sim.group(trained, 1, 'checkpoint', { step: 3 });
    sim.group(trained, 1, 'failed', { error: FULL });
    sim.feed({ kind: 'inspected', result: { task: 'late', hash: 'h', error: FULL } });
    leave(sim);
    const { pause, notices, tasks, cells } = sim.session.state;
    expect(pause?.error.code).toBe('disk-full');
    expect(notices.map(({ code }) => code)).toEqual(['disk-full']);
    expect(tasks.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(tasks.find(({ spec: { name } }) => name === trained)).toMatchObject({
      status: 'ready',
      checkpointStep: 3
    });
    expect(sim.status('late')).toBe('inspecting');
    expect(cells.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  it('is tried again after a while even if there seems to be room: it may be a quota', () => {
    const sim = training('a', 'b');
    const trained = sim.session.state.tasks.find(({ status }) => status === 'running')!.spec.name;
    sim.group(trained, 1, 'failed', { error: FULL });
    leave(sim);
    room(sim, MUCH, 5);
    expect(sim.session.state.pause).toBeDefined();
    room(sim, MUCH, 60);
    expect(sim.session.state.pause).toBeUndefined();
    sim.settle();
    expect(statuses(sim)).toEqual(['finished', 'finished']);
  });

  it('is tried again after a while where nobody can tell how much is free', () => {
    const sim = training('a', 'b');
    const trained = sim.session.state.tasks.find(({ status }) => status === 'running')!.spec.name;
    expect(storageEvent(sim.session, undefined, sim.time)).toBeUndefined();
    sim.group(trained, 1, 'failed', { error: FULL });
    leave(sim);
    room(sim, undefined, 5);
    expect(sim.session.state.pause).toBeDefined();
    room(sim, undefined, 60);
    expect(sim.session.state.pause).toBeUndefined();
  });

  it('has nothing inspected on a device before there is room', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error: FULL, needsDevice: true } });
    expect(sim.take('inspect').map(({ body }) => body.device)).toEqual([undefined, 'cpu0']);
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error: FULL } });
    expect(sim.take('inspect')).toEqual([]);
    expect(sim.session.state.pause?.error.code).toBe('disk-full');
    sim.feed({ kind: 'storage-free', freeBytes: MUCH });
    expect(sim.take('inspect').map(({ body }) => body.device)).toEqual(['cpu0']);
  });

  it('stops what was to be stopped', () => {
    const sim = training('a', 'b');
    const trained = sim.session.state.tasks.find(({ status }) => status === 'running')!.spec.name;
    sim.feed({ kind: 'stop-requested', tasks: [trained] });
    sim.group(trained, 1, 'failed', { error: FULL });
    expect(sim.status(trained)).toBe('stopped');
  });
});

it('a replay pauses and goes on in the same places', () => {
  const sim = training('a', 'b', 'c');
  room(sim, RESERVE_BYTES);
  leave(sim);
  room(sim, MUCH);
  sim.settle();
  let replayed = emptySession('test', '/tmp/test');
  for (const { event, time } of sim.log) {
    replayed = step(replayed, event, time).session;
  }
  expect(replayed).toEqual(sim.session);
});
