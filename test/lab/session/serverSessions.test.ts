import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerSessions } from '../../../src/lab/session/serverSessions.js';
import { sessionEntry } from '../../fixtures/sessionEntries.js';
import { plannedState } from '../../fixtures/sessionStates.js';
import { FakeSocket } from '../fakeSocket.js';

const ID = sessionEntry().id;

describe('ServerSessions', () => {
  let sessions: ServerSessions;
  let answer: () => Response | Promise<Response>;
  let asked: string[];
  let hidden: boolean;

  const listed = (...entries: object[]) => new Response(JSON.stringify({ sessions: entries }));

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all.length = 0;
    asked = [];
    hidden = false;
    answer = () => listed(sessionEntry());
    sessions = new ServerSessions({
      settings: ServerConnection.makeSettings({
        baseUrl: 'http://server/base/',
        wsUrl: 'ws://server/base/',
        token: 'to ken',
        appendToken: true,
        WebSocket: FakeSocket as never,
        fetch: (async (request: Request) => {
          asked.push(request.url);
          return answer();
        }) as never
      }),
      isHidden: () => hidden,
      random: () => 0.5
    });
  });

  afterEach(() => {
    sessions.dispose();
    vi.useRealTimers();
  });

  it('lists what the server tells', async () => {
    let changes = 0;
    sessions.changed.connect(() => void changes++);
    expect(sessions.list).toBeNull();
    await Promise.all([sessions.refresh(), sessions.refresh()]);
    expect(sessions.list).toEqual([sessionEntry()]);
    expect(sessions.problem).toBeNull();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^http:\/\/server\/base\/jupyterlab-saturn\/sessions/);
    expect(changes).toBe(1);
  });

  it('lists first what does something, and what has changed last', async () => {
    const ids = ['a', 'b', 'c', 'd'].map(letter => letter.repeat(32));
    answer = () =>
      listed(
        sessionEntry({ id: ids[0]!, state: 'asleep' }),
        sessionEntry({ id: ids[1]!, state: 'idle', since: 1 }),
        sessionEntry({ id: ids[2]!, state: 'idle', since: 2 }),
        sessionEntry({ id: ids[3]!, state: 'running' })
      );
    await sessions.refresh();
    expect(sessions.list?.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[1], ids[0]]);
  });

  it.each([
    [404, 'no-server-extension'],
    [403, 'not-allowed'],
    [401, 'not-allowed'],
    [500, 'server-away']
  ])('says what an answer of %i means, and keeps the list', async (status, kind) => {
    await sessions.refresh();
    answer = () => new Response('{}', { status });
    await sessions.refresh();
    expect(sessions.problem).toEqual({ kind });
    expect(sessions.list).toHaveLength(1);
  });

  it.each([
    ['{}', 'server-away'],
    ['<html>', 'server-away'],
    [JSON.stringify({ sessions: [{ id: '../..' }] }), 'server-away']
  ])('believes no answer that makes no sense: %s', async (text, kind) => {
    answer = () => new Response(text);
    await sessions.refresh();
    expect(sessions.list).toBeNull();
    expect(sessions.problem).toEqual({ kind });
  });

  it('asks every now and then while somebody looks, and the page can be seen', async () => {
    const first = sessions.watch();
    const second = sessions.watch();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(asked).toHaveLength(3);
    hidden = true;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveLength(3);
    hidden = false;
    first.dispose();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(4);
    second.dispose();
    second.dispose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('shares one socket among all that use a session, until the last has left', () => {
    const line = sessions.connect(ID);
    const model = sessions.open(ID);
    const other = sessions.open(ID);
    expect(FakeSocket.all.map(({ url }) => url)).toEqual([
      `ws://server/base/jupyterlab-saturn/sessions/${ID}?token=to%20ken`
    ]);
    expect(sessions.opened(ID)).toBe(other);
    other.dispose();
    other.dispose();
    expect(sessions.opened(ID)).toBe(model);
    model.dispose();
    expect(sessions.opened(ID)).toBeNull();
    expect(line.isDisposed).toBe(false);
    sessions.disconnect(ID);
    expect(line.isDisposed).toBe(true);
  });

  it('shows the session, and acts on it', async () => {
    const model = sessions.open(ID);
    const told: unknown[] = [];
    sessions.sessionChanged.connect((_, one) => void told.push(one));
    sessions.inFront = model;
    const [socket] = FakeSocket.all;
    socket!.accept();
    socket!.say('state', { state: plannedState() });
    expect(model.view).toMatchObject({ connected: true, connectionProblem: null });
    expect(new Set(told)).toEqual(new Set([model]));
    const sent = model.send('run', {});
    expect([...model.view.pending]).toEqual(['run']);
    socket!.say('error', { error: { code: 'no', message: 'No.' } }, 'run');
    expect(await sent).toBe(false);
    expect(model.view.failure?.code).toBe('no');
    model.dispose();
    expect(sessions.inFront).toBeNull();
  });
});
