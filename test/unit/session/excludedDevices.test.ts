import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { excludeDevices, includeBusyDevices } from '../../../src/core/session/excludedDevices.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { progressLine } from '../../../src/core/view/status/progressLine.js';
import type { Failure } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

function ready(names: string[], devices = 2): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle();
  return sim;
}

/** A session whose first task trains, on the first device. */
function training(names: string[], devices = 2): SessionHarness {
  const sim = ready(names, devices);
  sim.feed({ kind: 'profile-requested' });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  while (sim.take('start').length === 0) {
    sim.perform(sim.pending.shift()!);
  }
  return sim;
}

const failure = (code: string, ...devices: string[]): Failure => ({
  code,
  message: 'The GPU is lost.',
  hint: 'Look for its Xid.',
  ...(devices.length > 0 ? { devices } : {})
});

const there = ({ session: { state } }: SessionHarness): string[] =>
  (state.cluster?.nodes ?? []).flatMap(node => node.devices.map(device => device.id));

const out = ({ session: { state } }: SessionHarness): string[] =>
  (state.excludedDevices ?? []).map(({ device }) => device.id);

function failTrial(sim: SessionHarness, error: Failure): void {
  const [trial, ...others] = sim.take('trial');
  sim.pending.push(...others);
  const { signature, strategy } = trial!.body;
  const cell = { signature, strategy, status: 'failed' as const, source: 'measured' as const, error };
  sim.feed({ kind: 'trial-finished', trial: trial!.body.trial, cell });
}

describe('a device that fails', () => {
  it.each(['device-lost', 'device-shared', 'device-busy'])(
    'is left out (%s) and its trial made on another',
    code => {
      const sim = ready(['a'], 3);
      sim.feed({ kind: 'profile-requested' });
      failTrial(sim, failure(code, 'cpu0'));
      expect(there(sim)).toEqual(['cpu1', 'cpu2']);
      expect(out(sim)).toEqual(['cpu0']);
      expect(sim.session.state.cells.filter(cell => cell.source === 'measured')).toEqual([]);
      expect(sim.session.state.trials.map(({ devices }) => devices)).toEqual([['cpu1', 'cpu2']]);
      sim.settle();
      expect(sim.session.state.goal).toBe('none');
      expect(sim.session.state.cells.filter(cell => cell.status === 'ok').length).toBeGreaterThan(0);
    }
  );

  it('is told with the reason and what to do', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'profile-requested' });
    failTrial(sim, failure('device-lost', 'cpu0'));
    expect(sim.session.state.notices).toEqual([
      {
        ...failure('device-lost', 'cpu0'),
        message: 'cpu0 is left out of the plan: The GPU is lost.',
        hint: 'Look for its Xid. Take it in again with %saturn cluster --gpu all.'
      }
    ]);
  });

  it('has its task go on from the checkpoint on another, however often', () => {
    const sim = training(['a'], 6);
    for (let device = 0; device < 5; device++) {
      const number = sim.session.state.tasks[0]!.attempts.length;
      sim.group('a', number, 'started', { step: device });
      sim.group('a', number, 'checkpoint', { step: device + 1 });
      sim.pending = sim.pending.filter(({ kind }) => kind !== 'start');
      sim.group('a', number, 'lost', { error: failure('device-lost') });
      while (sim.take('start').length === 0) {
        sim.perform(sim.pending.shift()!);
      }
    }
    const [task] = sim.session.state.tasks;
    expect(task).toMatchObject({ status: 'starting', checkpointStep: 5 });
    expect(task!.attempts.at(-1)).toMatchObject({ devices: ['cpu5'], fromStep: 5 });
    expect(task!.error).toBeUndefined();
  });

  it('is the one that is named, of those of its job', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'profile-requested' });
    expect(sim.session.state.trials.map(({ strategy }) => strategy.devices)).toEqual([2]);
    failTrial(sim, failure('device-lost', 'cpu1', 'cpu7'));
    expect(there(sim)).toEqual(['cpu0']);
    // What needs two is not waited for.
    expect(sim.session.state.trials.map(({ strategy }) => strategy.devices)).toEqual([1]);
  });

  it('stays out when its agent says hello again, and comes back when the devices are set', () => {
    const sim = training(['a', 'b']);
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    sim.pending = [];
    sim.connect(2);
    expect(out(sim)).toEqual(['cpu0']);
    const cells = sim.session.state.cells;
    const commands = sim.feed({ kind: 'node-changed', node: cpuNode(2) });
    expect(there(sim)).toEqual(['cpu0', 'cpu1']);
    expect(out(sim)).toEqual([]);
    // What was measured and inspected holds still.
    expect(sim.session.state.cells).toEqual(cells);
    expect(commands.filter(({ kind }) => kind === 'inspect')).toEqual([]);
  });

  it('does not come back by a request that fails', () => {
    const sim = training(['a', 'b']);
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    sim.feed({ kind: 'node-changed', node: cpuNode(2), error: failure('no-devices') });
    expect(out(sim)).toEqual(['cpu0']);
  });

  it('is forgotten when another is in its place', () => {
    const sim = training(['a', 'b']);
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    const node = cpuNode(2);
    const [first, second] = node.devices;
    const hello = { groups: [], trials: [], inspecting: [] };
    const devices = [{ ...first!, uuid: 'GPU-new' }, second!];
    sim.feed({ kind: 'agent-connected', hello: { ...hello, node: { ...node, devices } } });
    expect(out(sim)).toEqual([]);
    expect(there(sim)).toEqual(['cpu0', 'cpu1']);
  });

  it('lets a task that is being stopped be stopped', () => {
    const sim = training(['a']);
    sim.feed({ kind: 'stop-requested', tasks: ['a'] });
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    expect(sim.status('a')).toBe('stopped');
  });
});

describe('a device that another has for itself', () => {
  it('is tried again when somebody asks for work', () => {
    const sim = training(['a', 'b']);
    sim.group('a', 1, 'failed', { error: failure('device-busy', 'cpu0') });
    expect(sim.session.state.tasks[0]).toMatchObject({ status: 'ready', attempts: [] });
    expect(sim.session.state.notices.at(-1)?.hint).toContain('As soon as it is free');
    expect(out(sim)).toEqual(['cpu0']);
    sim.pending = sim.pending.filter(({ kind }) => kind !== 'start');
    sim.feed({ kind: 'run-requested' });
    expect(out(sim)).toEqual([]);
    expect(there(sim).sort()).toEqual(['cpu0', 'cpu1']);
    sim.settle();
    expect(sim.session.state.tasks.map(task => task.status)).toEqual(['finished', 'finished']);
  });

  const LEASED = "The device cpu0 (CPU core) is in use by session 'b' in /b (process 7).";
  const leased = (...devices: string[]): Failure => ({ code: 'device-busy', message: LEASED, devices });

  it('is waited for when there is no other, and gone on with by itself', () => {
    const sim = training(['a'], 1);
    sim.group('a', 1, 'failed', { error: leased('cpu0') });
    expect(sim.session.state).toMatchObject({ goal: 'run', tasks: [{ status: 'ready', attempts: [] }] });
    expect(sim.session.state.run?.endedAt).toBeUndefined();
    expect(sim.session.state.notices).toEqual([
      {
        ...leased('cpu0'),
        message: `cpu0 is left out of the plan: ${LEASED}`,
        hint: 'As soon as it is free the session goes on with it, by itself.'
      }
    ]);
    expect(progressLine(sim.session.state, sim.time, ENGLISH)).toContain(
      'waiting for cpu0, in use elsewhere'
    );
    sim.feed({ kind: 'devices-freed', node: 'node', devices: ['cpu0'] });
    expect(sim.session.state.notices).toEqual([]);
    sim.settle();
    expect(sim.status('a')).toBe('finished');
    expect(sim.session.state.goal).toBe('none');
  });

  it('is waited for by those that need it, while others use what there is', () => {
    const sim = training(['a', 'b'], 2);
    const [, second] = ['a', 'b'];
    sim.group('a', 1, 'failed', { error: leased('cpu0') });
    sim.settle();
    // What runs on one device has run, and nothing of it is lost.
    expect([sim.status('a'), sim.status(second!)]).toEqual(['finished', 'finished']);
    expect(sim.session.state.goal).toBe('none');
  });

  it('is waited for by a task that no other device can run', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.feed({
      kind: 'inspected',
      result: { task: 'a', hash: 'h', inspection: inspection('sig', 10, [{ technique: 'ddp', devices: 2 }]) }
    });
    sim.pending = [];
    sim.feed({ kind: 'run-requested' });
    while (sim.take('start').length === 0) {
      sim.perform(sim.pending.shift()!);
    }
    sim.group('a', 1, 'failed', { error: leased('cpu1') });
    sim.settle();
    expect(sim.session.state).toMatchObject({ goal: 'run', tasks: [{ status: 'ready' }] });
    sim.feed({ kind: 'devices-freed', node: 'node', devices: ['cpu1'] });
    sim.settle();
    expect(sim.status('a')).toBe('finished');
  });

  it('of another node, with the same id, is waited for still', () => {
    const sim = training(['a', 'b'], 1);
    sim.join('far');
    const error = leased('cpu0');
    const nodes = ['node', 'far'];
    let { session } = sim;
    for (const node of nodes) {
      session = excludeDevices(session, node, ['cpu0'], error);
    }
    expect(session.state.notices.map(({ message }) => message)).toEqual(
      nodes.map(node => `${node} cpu0 is left out of the plan: ${LEASED}`)
    );
    const next = includeBusyDevices(session, ({ node }) => node === 'far');
    expect(next.state.notices.map(({ message }) => message)).toEqual([
      `node cpu0 is left out of the plan: ${LEASED}`
    ]);
  });

  it('that is refused over and over is told once', () => {
    const sim = training(['a'], 1);
    for (let round = 0; round < 4; round++) {
      sim.group('a', 1, 'failed', { error: leased('cpu0') });
      sim.pending = [];
      expect(sim.session.state.notices).toHaveLength(1);
      sim.feed({ kind: 'devices-freed', node: 'node', devices: ['cpu0'] });
      while (sim.take('start').length === 0) {
        sim.perform(sim.pending.shift()!);
      }
    }
  });

  it('is tried again by a new agent, which does not know that it is waited for', () => {
    const sim = training(['a'], 1);
    sim.group('a', 1, 'failed', { error: leased('cpu0') });
    sim.pending = [];
    sim.connect(1);
    expect(out(sim)).toEqual([]);
    sim.settle();
    expect(sim.status('a')).toBe('finished');
  });

  it('is not waited for any more after a stop', () => {
    const sim = training(['a'], 1);
    sim.group('a', 1, 'failed', { error: leased('cpu0') });
    sim.feed({ kind: 'stop-requested' });
    sim.pending = [];
    sim.feed({ kind: 'devices-freed', node: 'node', devices: ['cpu0'] });
    expect(sim.session.state.goal).toBe('none');
    expect(sim.pending).toEqual([]);
  });

  it('is not confused with one that is lost', () => {
    const sim = training(['a', 'b']);
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    sim.feed({ kind: 'run-requested' });
    expect(out(sim)).toEqual(['cpu0']);
  });
});

describe('when no device is left', () => {
  it('the session says so and waits', () => {
    const sim = training(['a'], 1);
    sim.group('a', 1, 'started', { step: 0 });
    sim.group('a', 1, 'lost', { error: failure('device-shared') });
    const { goal, notices, tasks, run } = sim.session.state;
    expect(goal).toBe('none');
    expect(notices.map(({ code }) => code)).toEqual(['device-shared', 'no-device-left']);
    expect(notices.at(-1)?.message).toBe('No device is left: cpu0 is left out of the plan.');
    expect(tasks[0]).toMatchObject({ status: 'ready' });
    expect(run?.endedAt).toBeDefined();

    sim.feed({ kind: 'run-requested' });
    expect(sim.session.state.goal).toBe('none');
    expect(sim.session.state.notices.at(-1)?.code).toBe('no-device-left');

    sim.pending = [];
    sim.feed({ kind: 'node-changed', node: cpuNode(1) });
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('finished');
  });

  it('new tasks are inspected all the same, for as many as there may be again', () => {
    const sim = training(['a'], 1);
    sim.group('a', 1, 'lost', { error: failure('device-lost') });
    sim.feed({ kind: 'tasks-added', tasks: [spec('b')] });
    expect(sim.take('inspect').at(-1)?.body.maxDevices).toBe(1);
    // Those who ask for work are told at once.
    sim.feed({ kind: 'profile-requested' });
    expect(sim.session.state.goal).toBe('none');
    expect(sim.session.state.notices.at(-1)?.code).toBe('no-device-left');
  });
});

it('a reset keeps what is out, and the journal tells all of it', () => {
  const sim = training(['a', 'b']);
  sim.group('a', 1, 'lost', { error: failure('device-lost') });
  sim.pending = [];
  sim.feed({ kind: 'stop-requested' });
  sim.feed({ kind: 'reset' });
  expect(out(sim)).toEqual(['cpu0']);
  let replayed = emptySession('test', '/tmp/test');
  for (const { event, time } of sim.log) {
    replayed = step(replayed, event, time).session;
  }
  expect(replayed).toEqual(sim.session);
});
