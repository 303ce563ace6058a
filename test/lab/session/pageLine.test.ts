import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import type { ConnectionProblem } from '../../../src/lab/session/connectionProblem.js';
import type { ILentLine } from '../../../src/lab/session/lentLines.js';
import type { Incoming } from '../../../src/lab/session/messageChannel.js';
import { ServerSessions } from '../../../src/lab/session/serverSessions.js';
import type { ISessionModel } from '../../../src/lab/session/tokens.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';
import { plannedState } from '../../fixtures/sessionStates.js';
import { FakeSocket } from '../fakeSocket.js';

const STATE: SessionState = { ...plannedState(), folder: sessionEntry().path };

/** A notebook's line whose other end is the test. */
class FakeLine implements ILentLine {
  readonly changed = new Signal<this, void>(this);
  readonly failed = new Signal<this, never>(this);
  readonly asked: string[] = [];
  readonly connected = true;
  isDisposed = false;
  isPrompt = true;
  problem: ConnectionProblem | null = null;

  constructor(public state: SessionState | null = STATE) {}

  attach = () => Promise.resolve();
  request = (type: string) => {
    this.asked.push(type);
    return Promise.resolve({ type: 'ok' } as Incoming);
  };
  dispose(): void {
    this.isDisposed = true;
  }

  become(part: Partial<Pick<FakeLine, 'state' | 'problem'>>): void {
    Object.assign(this, part);
    this.changed.emit();
  }
}

describe('a page that has a line to a session already', () => {
  let sessions: ServerSessions;
  let line: FakeLine;
  let model: ISessionModel;

  const open = () => FakeSocket.all.filter(({ readyState }) => readyState < 3);

  beforeEach(async () => {
    vi.useFakeTimers();
    FakeSocket.all.length = 0;
    sessions = new ServerSessions({
      settings: ServerConnection.makeSettings({
        baseUrl: 'http://server/',
        wsUrl: 'ws://server/',
        WebSocket: FakeSocket as never,
        fetch: (async () => new Response(JSON.stringify({ sessions: [sessionEntry()] }))) as never
      }),
      isHidden: () => false,
      random: () => 0.5
    });
    await sessions.refresh();
    line = new FakeLine();
    sessions.lend(line);
    model = sessions.open(sessionEntry().id);
  });

  afterEach(() => {
    model.dispose();
    sessions.dispose();
    vi.useRealTimers();
  });

  it('opens no other, and neither ends it', async () => {
    expect(FakeSocket.all).toEqual([]);
    expect(model.view.state).toBe(STATE);
    await model.send('stop', {});
    expect(line.asked).toEqual(['stop']);
    model.dispose();
    expect(line.isDisposed).toBe(false);
  });

  it('opens one when that ends, is cut or leads elsewhere, and shows what it has meanwhile', () => {
    const gone: Partial<FakeLine>[] = [
      { problem: { kind: 'kernel-restarting' } },
      { state: { ...STATE, folder: '/elsewhere' } },
      { state: null }
    ];
    for (const part of gone) {
      line.become(part);
      expect(open()).toHaveLength(1);
      expect(model.view.state).toBe(STATE);
      line.become({ problem: null, state: STATE });
      expect(open()).toHaveLength(0);
    }
  });

  it('opens one when that tells nothing any more though the session is at work', async () => {
    line.become({ state: { ...STATE, goal: 'run' } });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(open()).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(open()).toHaveLength(1);
    line.become({});
    expect(open()).toHaveLength(0);
    line.become({ state: { ...STATE, goal: 'none' } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(open()).toHaveLength(0);
  });

  it('hears on the one it leaves what was asked there, once', async () => {
    line.become({ problem: { kind: 'kernel-busy' } });
    const [socket] = open() as [FakeSocket];
    socket.accept();
    socket.say('kernel.status', { version: '0', session: 'quickstart', attached: true }, 'hello');
    await vi.advanceTimersByTimeAsync(0);
    socket.say('state', { state: STATE });
    const [stop, plan] = [model.send('stop', {}), model.send('plan', {})];
    line.become({ problem: null });
    expect(open()).toEqual([socket]);
    socket.say('ok', { rev: STATE.rev }, 'stop');
    socket.say('ok', { rev: STATE.rev }, 'plan');
    expect(await Promise.all([stop, plan])).toEqual([true, true]);
    expect(model.view.failure).toBeNull();
    expect(line.asked).toEqual([]);
    expect(open()).toEqual([]);
  });

  it('waits for no answer once nobody looks any more', () => {
    line.become({ problem: { kind: 'kernel-busy' } });
    open()[0]!.accept();
    void model.send('stop', {});
    line.become({ problem: null });
    expect(open()).toHaveLength(1);
    model.dispose();
    expect(open()).toEqual([]);
  });

  it('does not use one on which questions wait behind cells', () => {
    line.isPrompt = false;
    line.become({});
    expect(open()).toHaveLength(1);
  });
});
