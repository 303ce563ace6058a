import { ServerConnection as JupyterServer } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure, SessionEntry } from '../../../src/core/wire/messages.js';
import { CommMemory } from '../../../src/lab/session/commMemory.js';
import { NotebookLine } from '../../../src/lab/session/notebookLine.js';
import { ServerSessions } from '../../../src/lab/session/serverSessions.js';
import { SessionConnection } from '../../../src/lab/session/sessionConnection.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeContext, FakeKernel, settle } from '../fakeKernel.js';
import { FakeSocket } from '../fakeSocket.js';

const attached = { version: '0.1.0', session: 'quickstart', attached: true };

describe('NotebookLine', () => {
  let list: SessionEntry[];
  let kernel: FakeKernel;
  let context: FakeContext;
  let connection: SessionConnection;
  let sessions: ServerSessions;
  let line: NotebookLine;

  function open() {
    connection = new SessionConnection({
      sessionContext: context.asContext,
      memory: new CommMemory(sessionStorage),
      reattach: true
    });
    line = new NotebookLine({ kernel: connection, path: () => 'vision/sweep.ipynb', sessions });
  }

  /** The kernel has told a state. */
  async function live() {
    kernel.living.push('comm');
    open();
    await settle();
    kernel.comm.say('kernel.status', attached, 'hello');
    kernel.comm.say('state', { state: plannedState() });
    await settle();
  }

  beforeEach(() => {
    sessionStorage.clear();
    FakeSocket.all.length = 0;
    list = [sessionEntry({ path: plannedState().folder })];
    kernel = new FakeKernel('k');
    context = new FakeContext(kernel);
    sessions = new ServerSessions({
      settings: JupyterServer.makeSettings({
        WebSocket: FakeSocket as never,
        fetch: (async () => new Response(JSON.stringify({ sessions: list }))) as never
      }),
      isHidden: () => false,
      random: () => 0.5
    });
  });

  afterEach(() => {
    line.dispose();
    connection.dispose();
    sessions.dispose();
  });

  /** The server tells its state of the session. */
  async function serve(state = runningState()) {
    await settle();
    await settle();
    const socket = FakeSocket.all.at(-1);
    socket?.accept();
    socket?.say('state', { state });
    return socket;
  }

  it('leads through the kernel while that answers', async () => {
    await live();
    expect(line.problem).toBeNull();
    expect(line.state?.goal).toBe('none');
    expect(FakeSocket.all.filter(({ readyState }) => readyState === 1)).toEqual([]);
  });

  it('leads through the server once the kernel is gone, and back', async () => {
    await live();
    context.setKernel(null);
    expect(line.problem).toEqual({ kind: 'no-kernel' });
    const socket = await serve();
    expect(line.problem).toBeNull();
    expect(line.connected).toBe(true);
    expect(line.state?.goal).toBe('run');
    void line.request('stop', {}).catch(() => undefined);
    expect(socket!.sent.at(-1)?.type).toBe('stop');
    kernel.living.splice(0);
    kernel.comms.clear();
    kernel.living.push('again');
    context.setKernel(kernel);
    await settle();
    kernel.comm.say('kernel.status', attached, 'hello');
    kernel.comm.say('state', { state: plannedState() });
    await settle();
    expect(line.state?.goal).toBe('none');
    expect(socket!.readyState).toBe(3);
  });

  it('finds the session of a kernel that is busy by its notebook', async () => {
    kernel.hold = new Promise(() => undefined);
    open();
    await serve();
    expect(line.problem).toBeNull();
    expect(line.state?.goal).toBe('run');
  });

  it('shows the session of no kernel while its agent is away, and says that it is', async () => {
    kernel.hold = new Promise(() => undefined);
    open();
    const socket = await serve();
    socket!.say('state', { state: { ...runningState(), agent: 'away' } });
    expect(line.problem).toEqual({ kind: 'agent-away' });
    expect(line.state?.agent).toBe('away');
    const error: Failure = { code: 'engine-away', message: 'Away.' };
    socket!.say('kernel.status', { ...attached, error });
    expect(line.problem).toEqual({ kind: 'engine-away' });
    expect(line.state).not.toBeNull();
  });

  it('asks through the server while the kernel tells but does not hear, as to a page loaded while a cell runs', async () => {
    let hear: () => void = () => undefined;
    kernel.subshell = new Promise(resolve => {
      hear = resolve;
    });
    kernel.status = 'busy';
    open();
    await settle();
    kernel.openComm('comm').say('state', { state: plannedState() });
    const socket = await serve();
    expect(connection.problem).toBeNull();
    expect([connection.isDeaf, connection.isPrompt]).toEqual([true, false]);
    void line.request('stop', {}).catch(() => undefined);
    expect(socket!.sent.at(-1)?.type).toBe('stop');
    expect(kernel.comm.sent).toEqual([]);
    hear();
    await settle();
    expect([connection.isDeaf, connection.isPrompt]).toEqual([false, true]);
    expect(socket!.readyState).toBe(3);
    void line.request('stop', {}).catch(() => undefined);
    expect(kernel.comm.sent.map(({ type }) => type)).toEqual(['hello', 'stop']);
  });

  it('passes on what goes wrong on the way through the server', async () => {
    kernel.hold = new Promise(() => undefined);
    open();
    const socket = await serve();
    const failures: Failure[] = [];
    line.failed.connect((_, failure) => void failures.push(failure));
    socket?.raw('no json');
    expect(failures.map(({ code }) => code)).toEqual(['bad-message']);
  });

  it.each([
    ['it sleeps', () => [sessionEntry({ state: 'asleep' })]],
    ['another notebook used it', () => [sessionEntry({ notebooks: ['other.ipynb'] })]],
    ['the notebook used several', () => [sessionEntry(), sessionEntry({ id: 'f'.repeat(32) })]]
  ])('takes no session for the notebook where %s', async (_, make) => {
    list = make();
    kernel.hold = new Promise(() => undefined);
    open();
    await serve();
    expect(FakeSocket.all).toEqual([]);
    expect(line.problem).toEqual({ kind: 'connecting' });
  });

  it('says what is missing in a kernel that could be asked', async () => {
    open();
    await serve();
    expect(line.problem).toEqual({ kind: 'not-loaded' });
  });

  it('leaves nothing behind', async () => {
    kernel.hold = new Promise(() => undefined);
    open();
    const socket = await serve();
    let changes = 0;
    line.changed.connect(() => void changes++);
    line.dispose();
    changes = 0;
    expect(socket!.readyState).toBe(3);
    context.setKernel(null);
    await sessions.refresh();
    expect(changes).toBe(0);
  });
});
