import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommMemory } from '../../../src/lab/session/commMemory.js';
import { SessionConnection } from '../../../src/lab/session/sessionConnection.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeContext, FakeKernel, settle } from '../fakeKernel.js';

const status = (attached: boolean) => ({ version: '0.1.0', session: 'quickstart', attached });

describe('SaturnConnection', () => {
  let kernel: FakeKernel;
  let context: FakeContext;
  let connection: SessionConnection;

  const connect = (reattach = true) => {
    connection = new SessionConnection({
      sessionContext: context.asContext,
      memory: new CommMemory(sessionStorage),
      reattach
    });
    return connection;
  };

  /** Bring the connection to a live session by the comm already open in the kernel. */
  const goLive = async (reattach = true) => {
    kernel.living.push('comm-a');
    connect(reattach);
    await settle();
    kernel.comm.say('kernel.status', status(true), 'hello');
    kernel.comm.say('state', { state: plannedState() });
    await settle();
    expect(connection.problem).toBeNull();
  };

  beforeEach(() => {
    sessionStorage.clear();
    kernel = new FakeKernel('k1');
    context = new FakeContext(kernel);
  });

  afterEach(() => {
    connection.dispose();
    vi.useRealTimers();
  });

  describe('#state', () => {
    const moved = (at: number) => ({ tasks: { patch: [{ at, patch: { moving: true } }] } });

    it('follows what changes, and keeps identical what does not', async () => {
      await goLive();
      const before = connection.state!;
      kernel.comm.say('change', { base: before.rev, rev: before.rev + 1, ...moved(1) });
      const after = connection.state!;
      expect([after.rev, after.tasks[1]!.moving]).toEqual([before.rev + 1, true]);
      expect(after.tasks.map((task, index) => task === before.tasks[index])).toEqual(
        before.tasks.map((_, index) => index !== 1)
      );
      expect(after.plan).toBe(before.plan);
    });

    it('asks once for the whole state where a change is missing, and goes on from that', async () => {
      await goLive();
      const { rev } = connection.state!;
      const asked = kernel.comm.sent.length;
      kernel.comm.say('change', { base: rev + 1, rev: rev + 2, ...moved(0) });
      kernel.comm.say('change', { base: rev + 2, rev: rev + 3, ...moved(1) });
      expect(connection.state!.rev).toBe(rev);
      expect(kernel.comm.sent.slice(asked).map(message => message.type)).toEqual(['hello']);
      kernel.comm.say('kernel.status', status(true), 'hello');
      kernel.comm.say('state', { state: { ...plannedState(), rev: rev + 3 } });
      await settle();
      kernel.comm.say('change', { base: rev + 3, rev: rev + 4, ...moved(2) });
      expect(connection.state!.rev).toBe(rev + 4);
      expect(connection.problem).toBeNull();
    });

    it('asks again when it was refused', async () => {
      await goLive();
      const { rev } = connection.state!;
      const asked = kernel.comm.sent.length;
      kernel.comm.say('change', { base: rev + 1, rev: rev + 2 });
      kernel.comm.say('error', { error: { code: 'internal', message: 'No.' } }, 'hello');
      await settle();
      kernel.comm.say('change', { base: rev + 2, rev: rev + 3 });
      expect(kernel.comm.sent.slice(asked).map(message => message.type)).toEqual(['hello', 'hello']);
    });

    it('takes no notice of a change that the whole state had already', async () => {
      await goLive();
      const before = connection.state!;
      const asked = kernel.comm.sent.length;
      kernel.comm.say('change', { base: before.rev - 1, rev: before.rev, ...moved(0) });
      expect(connection.state).toBe(before);
      expect(kernel.comm.sent).toHaveLength(asked);
    });

    it('asks for the state when it first hears of a change', async () => {
      kernel.living.push('comm-a');
      connect();
      await settle();
      kernel.comm.say('kernel.status', status(true), 'hello');
      await settle();
      kernel.comm.say('change', { base: 1, rev: 2 });
      expect(connection.state).toBeNull();
      expect(kernel.comm.sent.map(message => message.type)).toEqual(['hello', 'hello']);
    });
  });

  describe('#problem', () => {
    it('is no-kernel without one, kernel-starting while one comes up', () => {
      context = new FakeContext(null);
      expect(connect().problem).toEqual({ kind: 'no-kernel' });
      context.kernelDisplayStatus = 'initializing';
      expect(connection.problem).toEqual({ kind: 'kernel-starting' });
    });

    it('is not-python for another language, which is told nothing', async () => {
      kernel = new FakeKernel('k1', 'julia');
      context = new FakeContext(kernel);
      connect();
      expect(connection.problem).toEqual({ kind: 'connecting' });
      await settle();
      expect(connection.problem).toEqual({ kind: 'not-python', language: 'julia' });
      expect(kernel.executed).toEqual([]);
    });

    it('is not-loaded when the kernel has no comm', async () => {
      connect();
      await settle();
      expect(connection.problem).toEqual({ kind: 'not-loaded' });
      expect(connection.connected).toBe(false);
    });

    it('is kernel-busy when the kernel does not answer for long', async () => {
      vi.useFakeTimers();
      kernel.hold = new Promise(() => undefined);
      connect();
      await vi.advanceTimersByTimeAsync(1000);
      expect(connection.problem).toEqual({ kind: 'connecting' });
      await vi.advanceTimersByTimeAsync(1000);
      expect(connection.problem).toEqual({ kind: 'kernel-busy' });
    });

    it('goes from not-attached over waiting to live', async () => {
      kernel.living.push('comm-a');
      connect();
      await settle();
      expect(kernel.comm.sent.map(message => message.type)).toEqual(['hello']);
      kernel.comm.say('kernel.status', status(false), 'hello');
      await settle();
      expect(connection.problem).toEqual({ kind: 'not-attached', session: 'quickstart' });

      void connection.attach();
      expect(connection.problem).toEqual({ kind: 'attaching' });
      kernel.comm.say('kernel.status', status(true), 'attach');
      await settle();
      expect(connection.problem).toEqual({ kind: 'waiting' });
      expect(connection.connected).toBe(false);

      kernel.comm.say('state', { state: plannedState() });
      expect(connection.problem).toBeNull();
      expect(connection.connected).toBe(true);
      expect(connection.state?.tasks).toHaveLength(12);
    });

    it('is failed with the reason when attaching fails, and offers to try again', async () => {
      kernel.living.push('comm-a');
      connect();
      await settle();
      kernel.comm.say('kernel.status', status(false), 'hello');
      await settle();
      void connection.attach();
      const error = { code: 'no-node', message: 'No Node found.', hint: 'Install one.' };
      kernel.comm.say('kernel.status', { ...status(false), error }, 'attach');
      await settle();
      expect(connection.problem).toEqual({ kind: 'failed', failure: error, retry: 'attach' });
    });

    it('is agent-away, still connected, when the engine says so', async () => {
      await goLive();
      kernel.comm.say('state', { state: { ...plannedState(), agent: 'away' } });
      expect(connection.problem).toEqual({ kind: 'agent-away' });
      expect(connection.connected).toBe(true);
    });

    it('is kernel-dead after a crash and keeps the last state', async () => {
      await goLive();
      context.setStatus('dead');
      expect(connection.problem).toEqual({ kind: 'kernel-dead' });
      expect(connection.connected).toBe(false);
      expect(connection.state).not.toBeNull();
    });

    it('is kernel-disconnected while the line is down, and greets when it is back', async () => {
      await goLive();
      context.setConnection('connecting');
      expect(connection.problem).toEqual({ kind: 'kernel-disconnected' });
      context.setConnection('connected');
      expect(connection.problem).toBeNull();
      expect(kernel.comm.sent.map(message => message.type)).toEqual(['hello', 'hello']);
    });

    it('is not-loaded when the kernel closes the comm', async () => {
      await goLive();
      kernel.comm.end();
      expect(connection.problem).toEqual({ kind: 'not-loaded' });
    });
  });

  describe('#load()', () => {
    it('executes the magic silently and takes the comm the kernel opens', async () => {
      connect();
      await settle();
      const loading = connection.load();
      expect(connection.problem).toEqual({ kind: 'loading' });
      await loading;
      expect(kernel.executed).toEqual(['%load_ext jupyterlab_saturn']);
      kernel.comm.say('kernel.status', status(false), 'hello');
      await settle();
      expect(connection.problem).toEqual({ kind: 'not-attached', session: 'quickstart' });
    });

    it('says how to install what the kernel lacks', async () => {
      kernel.onLoad = () => ({
        status: 'error',
        ename: 'ModuleNotFoundError',
        evalue: "No module named 'jupyterlab_saturn'"
      });
      connect();
      await settle();
      await connection.load();
      expect(connection.problem).toMatchObject({ kind: 'failed', retry: 'load' });
      expect(JSON.stringify(connection.problem)).toContain('%pip install jupyterlab_saturn');
    });

    it('finds the comm of an extension that was loaded already', async () => {
      kernel.onLoad = () => ({ status: 'ok' });
      connect();
      await settle();
      kernel.living.push('comm-old');
      await connection.load();
      expect(kernel.comm.sent.map(message => message.type)).toEqual(['hello']);
    });

    it('fails with a remedy when no comm appears', async () => {
      kernel.onLoad = () => ({ status: 'ok' });
      connect();
      await settle();
      await connection.load();
      expect(connection.problem).toMatchObject({ kind: 'failed', failure: { code: 'no-comm' } });
    });
  });

  it('says nothing before the subshell of the comm runs, so as not to wait behind cells', async () => {
    let start: () => void = () => undefined;
    kernel.subshell = new Promise(resolve => {
      start = resolve;
    });
    connect();
    await settle();
    const comm = kernel.openComm('comm-a');
    await settle();
    expect(comm.sent).toEqual([]);
    start();
    await settle();
    expect(comm.sent.map(message => message.type)).toEqual(['hello']);
  });

  describe('kernel restart', () => {
    it('loads and attaches again by itself when it was attached', async () => {
      await goLive();
      context.setStatus('restarting');
      expect(connection.problem).toEqual({ kind: 'kernel-restarting' });
      expect(connection.state).not.toBeNull();
      kernel.living.splice(0);
      kernel.comms.clear();
      context.setStatus('starting');
      expect(connection.problem).toEqual({ kind: 'kernel-restarting' });
      context.setStatus('idle');
      await settle();
      expect(kernel.executed).toEqual(['%load_ext jupyterlab_saturn']);
      kernel.comm.say('kernel.status', status(false), 'hello');
      await settle();
      kernel.comm.say('kernel.status', status(true), 'attach');
      kernel.comm.say('state', { state: runningState() });
      await settle();
      expect(kernel.comm.sent.map(message => message.type)).toEqual(['hello', 'attach']);
      expect(connection.problem).toBeNull();
      expect(connection.state?.goal).toBe('run');
    });

    it('also when the kernel was replaced by a new one after it died', async () => {
      await goLive();
      context.setStatus('dead');
      const next = new FakeKernel('k2');
      context.setKernel(next);
      await settle();
      expect(next.executed).toEqual(['%load_ext jupyterlab_saturn']);
      expect(kernel.hasTarget).toBe(false);
    });

    it('waits for the user when the setting says so, or when it never was attached', async () => {
      await goLive(false);
      context.restart();
      await settle();
      expect(kernel.executed).toEqual([]);
      expect(connection.problem).toEqual({ kind: 'not-loaded' });
      connection.dispose();

      connect(true);
      await settle();
      context.restart();
      await settle();
      expect(kernel.executed).toEqual([]);
    });

    it('ignores what the old kernel answers late', async () => {
      let release: () => void = () => undefined;
      kernel.hold = new Promise(resolve => {
        release = resolve;
      });
      connect();
      await settle();
      const next = new FakeKernel('k2');
      context.setKernel(next);
      kernel.living.push('comm-late');
      release();
      await settle();
      expect(connection.problem).toEqual({ kind: 'not-loaded' });
      expect(kernel.comms.size).toBe(0);
    });
  });

  describe('page reload', () => {
    it('hears the pushes of a busy kernel at once by the comm it remembers', async () => {
      await goLive();
      connection.dispose();
      kernel.comms.clear();
      kernel.hold = new Promise(() => undefined);
      connect();
      kernel.comm.say('state', { state: runningState() });
      expect(connection.problem).toBeNull();
      expect(connection.state?.goal).toBe('run');
    });

    it('drops the remembered comm when the kernel no longer has it', async () => {
      await goLive();
      connection.dispose();
      kernel.comms.clear();
      kernel.living.splice(0, 1, 'comm-b');
      connect();
      await settle();
      expect(kernel.comms.get('comm-b')?.sent.map(message => message.type)).toEqual(['hello']);
    });
  });

  it('leaves no listener and no comm target behind', async () => {
    await goLive();
    const { comm } = kernel;
    let changes = 0;
    connection.changed.connect(() => void changes++);
    connection.dispose();
    connection.dispose();
    context.restart();
    context.setKernel(new FakeKernel('k3'));
    context.setConnection('connecting');
    comm.say('state', { state: runningState() });
    await settle();
    expect(changes).toBe(0);
    expect(kernel.hasTarget).toBe(false);
    expect(kernel.executed).toEqual([]);
  });
});
