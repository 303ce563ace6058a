import { describe, expect, it } from 'vitest';
import type { GroupStart } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

/** Tasks of which nothing is known, each of a kind of its own, that are to be trained. */
function running(names: string[], devices: number, concurrent?: number): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle();
  if (concurrent !== undefined) {
    sim.feed({ kind: 'wishes-set', session: { set: { concurrent } } });
  }
  sim.feed({ kind: 'run-requested' });
  return sim;
}

const starts = (sim: SessionHarness): GroupStart[] => sim.take('start').map(({ body }) => body);

/** A group has begun and found out how its strategy runs its task. */
function find(sim: SessionHarness, start: GroupStart): void {
  sim.group(start.task.name, start.attempt, 'started', { step: 0 });
  sim.measure(start);
}

describe('a run of which nothing is known', () => {
  it('trains at once, makes no trial, and keeps the steps of what makes room for others', () => {
    const sim = running(['a', 'b', 'c'], 1);
    const [a] = starts(sim);
    expect(a).toMatchObject({ task: { name: 'a' }, explores: true, strategy: { technique: 'single' } });
    expect(sim.take('trial')).toEqual([]);
    expect(sim.take('plan')).toEqual([]);
    find(sim, a!);
    expect(sim.take('stop')).toMatchObject([{ body: { task: 'a' } }]);
    sim.group('a', 1, 'stopped', { step: 4 });
    const [b] = starts(sim);
    expect(b).toMatchObject({ task: { name: 'b' }, explores: true });
    find(sim, b!);
    sim.take('stop');
    sim.group('b', 1, 'stopped', { step: 5 });
    const [c] = starts(sim);
    find(sim, c!);
    expect(sim.session.state.cells.filter(({ trained }) => trained === 1)).toHaveLength(3);
    // Nothing is left to try on one device: what trains goes on until the plan is there.
    expect(sim.take('stop')).toEqual([]);
    const plans = sim.take('plan');
    expect(plans.at(-1)?.request.tasks.map(({ name, steps }) => [name, steps])).toEqual([
      ['a', 6],
      ['b', 5],
      ['c', 10]
    ]);
    sim.perform(plans.at(-1)!);
    sim.group('c', 1, 'finished', { step: 10 });
    expect(starts(sim)).toMatchObject([{ task: { name: 'a' }, attempt: 2 }]);
    expect(sim.session.state.tasks[0]!.attempts.at(-1)).toMatchObject({ fromStep: 4, planned: {} });
    expect(sim.session.state.replans ?? []).toEqual([]);
  });

  it('tries something else of a kind on devices that its first trial leaves idle', () => {
    const sim = new SessionHarness();
    sim.connect(4);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c', 'd'].map(name => spec(name)) });
    sim.settle(() => 'sig');
    sim.feed({ kind: 'run-requested' });
    const begun = starts(sim);
    expect(begun.map(({ explores, strategy }) => [explores, strategy.technique])).toEqual([
      [true, 'ddp'],
      [true, 'single']
    ]);
    // Both are known in one round, and there is nothing else to try.
    find(sim, begun[0]!);
    expect(sim.take('plan')).toEqual([]);
    find(sim, begun[1]!);
    expect(starts(sim)).toEqual([]);
    expect(sim.session.state.trials).toEqual([]);
    expect(sim.take('plan')).toHaveLength(1);
  });

  it('spends no device on more where device time is limited', () => {
    const sim = new SessionHarness();
    sim.connect(4);
    sim.feed({ kind: 'wishes-set', session: { set: { deviceSeconds: 1000 } } });
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c', 'd'].map(name => spec(name)) });
    sim.settle(() => 'sig');
    sim.feed({ kind: 'run-requested' });
    expect(starts(sim)).toHaveLength(1);
  });

  it('waits for what one that leaves has found, and does not look for the same meanwhile', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    for (const task of ['a', 'b']) {
      sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection('sig') } });
    }
    sim.feed({ kind: 'run-requested' });
    const [a] = starts(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.feed({ kind: 'stop-requested', tasks: ['a'] });
    expect(sim.session.state.trials).toEqual([]);
    sim.measure(a!);
    sim.group('a', 1, 'stopped', { step: 4 });
    expect([sim.session.state.trials, starts(sim)]).toEqual([[], []]);
    expect(
      sim
        .take('plan')
        .at(-1)
        ?.request.tasks.map(({ name }) => name)
    ).toEqual(['b']);
  });

  it('starts nothing else until devices are free', () => {
    const sim = running(['a', 'b', 'c'], 2);
    const used = starts(sim).flatMap(({ devices }) => devices);
    expect(new Set(used).size).toBe(used.length);
    expect(sim.session.state.trials.every(({ status }) => status === 'queued')).toBe(true);
  });

  it('goes on by another strategy where one runs out of memory or fails, and says what failed in the end', () => {
    const sim = running(['a'], 2);
    const [first] = starts(sim);
    sim.group('a', 1, 'oom');
    const [second] = starts(sim);
    expect(second!.strategy).not.toEqual(first!.strategy);
    const error = { code: 'task-failed', message: 'No.' };
    sim.group('a', 2, 'failed', { error });
    expect(sim.status('a')).toBe('failed');
    expect(sim.session.state.tasks[0]!.error).toEqual(error);
    expect(sim.session.state.goal).toBe('none');
  });

  it('fails a task for what goes wrong after its strategy was measured', () => {
    const sim = running(['a'], 1);
    const [start] = starts(sim);
    find(sim, start!);
    sim.group('a', 1, 'failed', { error: { code: 'task-failed', message: 'No.' } });
    expect(sim.status('a')).toBe('failed');
    expect(sim.session.state.cells.map(({ status }) => status)).toContain('ok');
  });

  it('stops when asked to, and the next run begins where it was', () => {
    const sim = running(['a', 'b'], 1);
    const [a] = starts(sim);
    find(sim, a!);
    sim.feed({ kind: 'stop-requested' });
    sim.group('a', 1, 'stopped', { step: 4 });
    expect(starts(sim)).toEqual([]);
    expect(sim.session.learning).toBe(false);
    sim.feed({ kind: 'run-requested' });
    expect(starts(sim)).toMatchObject([{ task: { name: 'b' }, explores: true }]);
  });

  it('has as many train at once as are wished for', () => {
    const sim = running(['a', 'b'], 2, 1);
    const [a, ...others] = starts(sim);
    expect(others).toEqual([]);
    find(sim, a!);
    expect(sim.take('stop')).toMatchObject([{ body: { task: 'a' } }]);
    sim.group('a', 1, 'stopped', { step: 4 });
    expect(starts(sim)).toMatchObject([{ task: { name: 'b' } }]);
  });
});

describe('a task that cannot be moved', () => {
  it.each(['pinned', 'native', 'never moved'])('is tried before it trains: %s', why => {
    const sim = new SessionHarness();
    sim.connect(1);
    const wishes = { pin: { devices: ['cpu0'], node: 'node' } };
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    if (why === 'pinned') {
      sim.feed({ kind: 'wishes-set', tasks: [{ tasks: ['a'], set: wishes }] });
    }
    sim.take('inspect');
    const found = { ...inspection('sig'), ...(why === 'native' && { native: 'It trains by itself.' }) };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    sim.feed({ kind: 'run-requested', switches: why === 'never moved' ? 'never' : 'pays' });
    expect(sim.take('trial')).toHaveLength(1);
    expect(starts(sim)).toEqual([]);
  });
});
