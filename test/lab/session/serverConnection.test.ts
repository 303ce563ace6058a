import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../../src/core/wire/messages.js';
import type { ConnectionProblem } from '../../../src/lab/session/connectionProblem.js';
import { ServerConnection } from '../../../src/lab/session/serverConnection.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeSocket } from '../fakeSocket.js';

const attached = { version: '0.1.0', session: 'quickstart', attached: true };
const asleep = { ...attached, attached: false };

describe('ServerConnection', () => {
  let line: ServerConnection;
  let why: ConnectionProblem | null;
  let changes: number;

  const socket = () => FakeSocket.all.at(-1)!;
  const flush = () => vi.advanceTimersByTimeAsync(0);

  /** Take the connection and tell a state. */
  async function live() {
    socket().accept();
    socket().say('kernel.status', attached, 'hello');
    await flush();
    socket().say('state', { state: plannedState() });
  }

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all.length = 0;
    why = null;
    changes = 0;
    line = new ServerConnection({
      open: () => new FakeSocket('ws://server').asSocket,
      explain: async () => why,
      random: () => 0.5
    });
    line.changed.connect(() => void changes++);
  });

  afterEach(() => {
    line.dispose();
    vi.useRealTimers();
  });

  it('greets, and follows the state', async () => {
    expect(line.problem).toEqual({ kind: 'connecting' });
    socket().accept();
    expect(socket().sent.map(({ type, body }) => ({ type, body }))).toEqual([
      { type: 'hello', body: { pid: 0, version: '0.1.0' } }
    ]);
    socket().say('kernel.status', attached, 'hello');
    await flush();
    expect(line.problem).toEqual({ kind: 'waiting' });
    const state = plannedState();
    socket().say('state', { state });
    expect(line.problem).toBeNull();
    expect(line.connected).toBe(true);
    socket().say('change', { base: state.rev, rev: state.rev + 1, session: { goal: 'plan' } });
    expect(line.state?.goal).toBe('plan');
  });

  it('says which states it has taken in, so that it is told the next', async () => {
    await live();
    const { rev } = plannedState();
    socket().say('change', { base: rev, rev: rev + 1 });
    const taken = socket().sent.filter(({ type }) => type === 'state.taken');
    expect(taken.map(({ body }) => body.rev)).toEqual([rev, rev + 1]);
  });

  it('asks for the whole again when a change is missing', async () => {
    await live();
    const { rev } = plannedState();
    socket().say('change', { base: rev + 5, rev: rev + 6 });
    expect(socket().sent.filter(({ type }) => type === 'hello')).toHaveLength(2);
  });

  it('says so where the state that is waited for cannot be read, and asks again', async () => {
    socket().accept();
    socket().say('kernel.status', attached, 'hello');
    await flush();
    socket().say('state', { state: { rev: 1 } } as never);
    expect(line.problem).toMatchObject({ kind: 'failed', failure: { code: 'bad-message' }, retry: 'attach' });
    void line.attach();
    expect(line.problem).toEqual({ kind: 'attaching' });
    socket().say('state', { state: plannedState() });
    expect(line.problem).toBeNull();
  });

  it('says that the session is asleep, and wakes it', async () => {
    socket().accept();
    socket().say('kernel.status', asleep, 'hello');
    await flush();
    expect(line.problem).toEqual({ kind: 'asleep' });
    expect(line.connected).toBe(false);
    const waking = line.attach();
    expect(line.problem).toEqual({ kind: 'attaching' });
    socket().say('kernel.status', attached, 'attach');
    await waking;
    socket().say('state', { state: plannedState() });
    expect(line.problem).toBeNull();
  });

  it('says why it cannot be woken', async () => {
    socket().accept();
    const error: Failure = { code: 'no-python', message: 'The Python is gone.' };
    const waking = line.attach();
    socket().say('kernel.status', { ...asleep, error }, 'attach');
    await waking;
    expect(line.problem).toEqual({ kind: 'failed', failure: error, retry: 'attach' });
  });

  it('keeps the state while the engine is away, and goes on', async () => {
    await live();
    const error: Failure = { code: 'engine-away', message: 'Away.' };
    socket().say('kernel.status', { ...attached, error });
    expect(line.problem).toEqual({ kind: 'engine-away' });
    expect(line.state).not.toBeNull();
    socket().say('state', { state: runningState() });
    expect(line.problem).toBeNull();
  });

  it('connects again, each time after a longer while, and keeps the state meanwhile', async () => {
    await live();
    const delays: number[] = [];
    for (let i = 0; i < 10; i++) {
      socket().drop();
      await flush();
      expect(line.problem).toEqual({ kind: 'server-away' });
      const before = FakeSocket.all.length;
      let waited = 0;
      while (FakeSocket.all.length === before) {
        await vi.advanceTimersByTimeAsync(500);
        waited += 500;
      }
      delays.push(waited);
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000]);
    expect(line.state?.session).toBe('quickstart');
    await live();
    expect(line.problem).toBeNull();
    socket().drop();
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.all).toHaveLength(12);
  });

  it('says why the server refuses it', async () => {
    why = { kind: 'not-allowed' };
    socket().drop();
    await flush();
    expect(line.problem).toEqual({ kind: 'not-allowed' });
  });

  it('does not ask again for a session that is not there', async () => {
    socket().accept();
    socket().drop(4404);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(line.problem).toEqual({ kind: 'session-gone' });
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('fails what was asked when the connection ends', async () => {
    await live();
    const asked = line.request('plan', {});
    socket().drop();
    await expect(asked).rejects.toMatchObject({ failure: { code: 'disconnected' } });
    await expect(line.request('plan', {})).rejects.toMatchObject({ failure: { code: 'not-connected' } });
  });

  it.each(['no json', '{"v":1}', new ArrayBuffer(2)])('reports what is no message: %s', async data => {
    await live();
    const failures: Failure[] = [];
    line.failed.connect((_, failure) => void failures.push(failure));
    socket().raw(data);
    expect(failures.map(({ code }) => code)).toEqual(['bad-message']);
    expect(line.problem).toBeNull();
  });

  it('leaves nothing behind', async () => {
    await live();
    const last = socket();
    line.dispose();
    line.dispose();
    changes = 0;
    expect(last.readyState).toBe(3);
    last.say('state', { state: runningState() });
    last.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(changes).toBe(0);
    expect(FakeSocket.all).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
