import { describe, expect, it } from 'vitest';
import type { Failure, InspectResult } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

const ERROR: Failure = { code: 'factory-failed', message: 'No CUDA GPUs are available' };

/** What an inspection on the CPU tells of a task that cannot be without a GPU. */
const needing = (task: string): InspectResult => ({ task, hash: 'h', error: ERROR, needsDevice: true });

/** Tasks of which the CPU told that. */
function needy(devices: number, ...names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.take('inspect');
  for (const name of names) {
    sim.feed({ kind: 'inspected', result: needing(name) });
  }
  return sim;
}

const state = (sim: SessionHarness, name: string) =>
  sim.session.state.tasks.find(task => task.spec.name === name)!;

/** Task and device of the inspections that are asked for. */
const asked = (sim: SessionHarness) =>
  sim.take('inspect').map(({ node, body }) => [node, body.tasks.map(task => task.name), body.device]);

describe('a task that cannot be built without a device', () => {
  it('is inspected on a free one, each on its own', () => {
    const sim = needy(2, 'a', 'b', 'c');
    expect(asked(sim)).toEqual([
      ['node', ['a'], 'cpu0'],
      ['node', ['b'], 'cpu1']
    ]);
    expect(state(sim, 'c')).toMatchObject({ status: 'inspecting', onDevice: {} });
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: inspection('s') } });
    expect(state(sim, 'a')).toMatchObject({ status: 'ready', inspection: { signature: 's' } });
    expect(state(sim, 'a').onDevice).toBeUndefined();
    expect(asked(sim)).toEqual([['node', ['c'], 'cpu0']]);
  });

  it('fails by what is found there', () => {
    const sim = needy(1, 'a');
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error: ERROR } });
    expect(state(sim, 'a')).toMatchObject({ status: 'invalid', error: ERROR });
  });

  it('is not asked for twice when the report is repeated', () => {
    const sim = needy(2, 'a');
    sim.feed({ kind: 'inspected', result: needing('a') });
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
  });

  it('waits for devices in use, and comes before what else waits for them', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    while (sim.pending.length > 0 && !sim.pending.some(({ kind }) => kind === 'start')) {
      sim.perform(sim.pending.shift()!);
    }
    const [start] = sim.take('start');
    const { task, attempt } = start!.body;
    sim.feed({ kind: 'tasks-added', tasks: [spec('new')] });
    sim.take('inspect');
    sim.feed({ kind: 'inspected', result: needing('new') });
    expect(asked(sim)).toEqual([]);
    sim.feed({
      kind: 'group',
      event: { task: task.name, attempt, kind: 'finished', time: sim.time, step: 10, result: { metrics: {} } }
    });
    expect(asked(sim)).toEqual([['node', ['new'], 'cpu0']]);
    expect(sim.take('start')).toEqual([]);
  });

  it('is asked for again when its agent knows nothing of it', () => {
    const sim = needy(1, 'a');
    asked(sim);
    sim.connect(1);
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
  });

  it('is looked at again when there are GPUs in the place of cores', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.take('inspect');
    const error = { code: 'needs-gpu', message: 'This task needs a GPU.' };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error } });
    const devices = [{ id: 'cuda0', kind: 'cuda' as const, name: 'GPU', memoryBytes: 8e9, uuid: 'GPU-0' }];
    sim.feed({ kind: 'node-changed', node: { id: 'node', devices } });
    expect(asked(sim)).toEqual([['node', ['a'], undefined]]);
  });

  it('begins anew when there are other devices', () => {
    const sim = needy(1, 'a', 'b');
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
    sim.feed({ kind: 'node-changed', node: cpuNode(2) });
    expect(sim.take('stop-inspection').flatMap(({ body }) => body.tasks)).toEqual(['a', 'b']);
    expect(asked(sim)).toEqual([['node', ['a', 'b'], undefined]]);
    expect(state(sim, 'a').onDevice).toBeUndefined();
    sim.feed({ kind: 'inspected', result: needing('a') });
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
  });

  it('gives the device up when it is stopped, and begins anew', () => {
    const sim = needy(1, 'a');
    asked(sim);
    sim.feed({ kind: 'stop-requested' });
    expect(state(sim, 'a')).toMatchObject({ status: 'stopped' });
    expect(state(sim, 'a').onDevice).toBeUndefined();
    sim.feed({ kind: 'profile-requested' });
    expect(asked(sim)).toEqual([['node', ['a'], undefined]]);
  });

  it.each(['device-busy', 'device-lost', 'device-shared'])('goes to another device: %s', code => {
    const sim = needy(2, 'a');
    asked(sim);
    const error = { code, message: 'cuda0 cannot be had.' };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error } });
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu1']]);
    expect(sim.session.state.excludedDevices).toMatchObject([{ device: { id: 'cpu0' } }]);
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error } });
    expect(asked(sim)).toEqual([]);
    expect(state(sim, 'a')).toMatchObject({ status: 'inspecting', onDevice: {} });
  });

  it('is tried again on a device that was busy, when work is next asked for', () => {
    const sim = needy(1, 'a');
    asked(sim);
    const error = { code: 'device-busy', message: 'cuda0 is in use.' };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', error } });
    expect(asked(sim)).toEqual([]);
    sim.feed({ kind: 'profile-requested' });
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
  });
});

describe('a task that is another where it trains', () => {
  const other: Failure = { code: 'other-task', message: 'It is another task.' };

  /** Two tasks of a signature, whose first trial told that. */
  function tried(onDevice: boolean): SessionHarness {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a'), spec('b')] });
    sim.take('inspect');
    for (const task of ['a', 'b']) {
      const found = { ...inspection('s'), ...(onDevice ? { onDevice } : {}) };
      sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: found } });
    }
    sim.feed({ kind: 'profile-requested' });
    const [trial] = sim.take('trial');
    const { strategy } = trial!.body;
    sim.feed({
      kind: 'trial-finished',
      trial: trial!.body.trial,
      cell: { signature: 's', strategy, status: 'failed', source: 'measured', error: other }
    });
    return sim;
  }

  it('is inspected again on a device, with its like', () => {
    const sim = tried(false);
    expect(asked(sim).flatMap(([, tasks]) => tasks)).toEqual(['a', 'b']);
    expect(sim.session.state.cells.filter(cell => cell.status === 'failed')).toEqual([]);
  });

  it('has failed when it was inspected there', () => {
    const sim = tried(true);
    expect(asked(sim)).toEqual([]);
    expect(sim.session.state.cells.filter(cell => cell.status === 'failed')).toHaveLength(1);
  });

  it('is found out in training as well', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    while (sim.pending.length > 0 && !sim.pending.some(({ kind }) => kind === 'start')) {
      sim.perform(sim.pending.shift()!);
    }
    const [start] = sim.take('start');
    expect(start!.body.signature).toBe('sig-a');
    const { attempt } = start!.body;
    sim.feed({
      kind: 'group',
      event: { task: 'a', attempt, kind: 'failed', time: sim.time, error: other }
    });
    expect(asked(sim)).toEqual([['node', ['a'], 'cpu0']]);
    expect(state(sim, 'a').attempts).toEqual([]);
  });
});
