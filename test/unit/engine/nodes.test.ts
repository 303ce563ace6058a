import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeState } from '../../../src/core/wire/messages.js';
import type { Engine } from '../../../src/engine/engine.js';
import { VERSION } from '../../../src/engine/version.js';
import { cpuNode, inspection, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { endpointOf, startEngine } from './testEngine.js';

let folder: string;
let engine: Engine;
let peers: FakePeer[];
let clock: number;

const endpoint = (): string => endpointOf(folder);

async function start(): Promise<void> {
  engine = await startEngine({ folder, now: () => clock });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-nodes-'));
  peers = [];
  clock = 1000;
  await start();
});

afterEach(async () => {
  for (const each of peers) {
    each.close();
  }
  await engine.close();
  rmSync(folder, { recursive: true });
});

function peer(): FakePeer {
  const made = new FakePeer(endpoint());
  peers.push(made);
  return made;
}

const hello = (id: string, more: object = {}) => ({
  node: cpuNode(1, id),
  groups: [],
  trials: [],
  inspecting: [],
  ...more
});

/** The agents of the session's own node, and of one far from it. */
async function agents(): Promise<{ own: FakePeer; far: FakePeer; client: FakePeer }> {
  const [own, far, client] = [peer(), peer(), peer()];
  await own.ask('agent.hello', hello('own'));
  await far.ask('agent.hello', hello('far', { far: true, host: 'machine-2', address: '10.0.0.2' }));
  await client.ask('hello', { version: VERSION });
  return { own, far, client };
}

/** Seconds pass, in which these agents are heard; then the engine looks. */
async function pass(seconds: number, ...heard: FakePeer[]): Promise<void> {
  for (let left = seconds; left > 0; left -= 2) {
    clock += Math.min(2, left);
    await Promise.all(heard.map(agent => agent.ask('agent.ping')));
  }
  await sleep(1100);
}

async function nodes(client: FakePeer): Promise<NodeState[]> {
  return (await client.state()).nodes ?? [];
}

const BRIEF = ({ id, state }: NodeState): string => `${id} ${state}`;

describe('nodes', () => {
  it('are told, and a far one that falls silent leaves alone', async () => {
    const { own, client } = await agents();
    expect(await nodes(client)).toEqual([
      { id: 'own', state: 'connected', since: 1000, isOwn: true },
      { id: 'far', state: 'connected', since: 1000, host: 'machine-2', address: '10.0.0.2' }
    ]);
    await pass(16, own);
    const state = await client.state();
    expect(state.nodes?.map(BRIEF)).toEqual(['own connected', 'far away']);
    expect(state.agent).toBe('connected');
    expect(state.cluster?.nodes.map(({ id }) => id)).toEqual(['own']);
  });

  it('of which another says that they are gone leave at once, with why', async () => {
    const { far, client } = await agents();
    const error = { code: 'actor-died', message: 'Ray says that it died.' };
    await far.ask('agent.gone', { node: 'far', error });
    expect((await nodes(client))[1]).toEqual({
      id: 'far',
      state: 'away',
      since: 1000,
      error,
      host: 'machine-2',
      address: '10.0.0.2'
    });
    // What it says later is not taken in before it has said hello.
    await far.send('agent.ping');
    expect((await far.next('error')).error.code).toBe('unknown-agent');
    await far.ask('agent.hello', hello('far', { far: true }));
    expect((await nodes(client)).map(BRIEF)).toEqual(['own connected', 'far connected']);
  });

  it('are not said to be gone by a line that is not theirs any more', async () => {
    const { client } = await agents();
    const stale = peer();
    await stale.ask('agent.gone', { node: 'far', error: { code: 'late', message: 'Late.' } });
    expect((await nodes(client)).map(BRIEF)).toEqual(['own connected', 'far connected']);
  });

  it('keep the own one, though it is silent: it is waited for', async () => {
    const { far, client } = await agents();
    await pass(16, far);
    const state = await client.state();
    expect(state.agent).toBe('away');
    expect(state.nodes?.map(BRIEF)).toEqual(['own away', 'far connected']);
    expect(state.cluster?.nodes.map(({ id }) => id)).toEqual(['own', 'far']);
  });

  it('are waited for by another engine, a far one for as long as if it fell silent', async () => {
    await agents();
    await engine.close();
    await start();
    const [own, client] = [peer(), peer()];
    expect((await nodes(client)).map(BRIEF)).toEqual(['own away', 'far away']);
    await own.ask('agent.hello', hello('own'));
    await client.ask('tasks.add', { tasks: [spec('a')] });
    await own.next('inspect');
    const results = [{ task: 'a', hash: 'h', inspection: inspection('s'), kind: 'cpu' }];
    await own.ask('inspect.results', { results });
    await client.ask('profile', {});
    await pass(10, own);
    expect((await client.state()).trials).toEqual([]);
    await pass(6, own);
    expect((await client.state()).cluster?.nodes.map(({ id }) => id)).toEqual(['own']);
    expect((await client.state()).trials).toHaveLength(1);
  });
});

describe('the name of a node', () => {
  it('refuses one with other software, and goes on without it', async () => {
    const [own, far, client] = [peer(), peer(), peer()];
    const versions = { package: '0.1.0', python: '3.11.7', torch: '2.13.0+cpu' };
    await own.ask('agent.hello', hello('own', { versions }));
    const other = { ...versions, python: '3.12.1' };
    const reply = await far.ask('agent.hello', hello('far', { far: true, versions: other }));
    expect(reply.type === 'error' && reply.body.error.code).toBe('other-versions');
    expect((await client.state()).cluster?.nodes.map(({ id }) => id)).toEqual(['own']);
    await far.ask('agent.hello', hello('far', { far: true, versions: { ...versions, torch: '2.13.0' } }));
    expect((await client.state()).cluster?.nodes.map(({ id }) => id)).toEqual(['own', 'far']);
  });

  it('is that of the agent that lives: another is refused', async () => {
    const [first, second] = [peer(), peer()];
    await first.ask('agent.hello', hello('far', { far: true, instance: 'one' }));
    const refused = second.ask('agent.hello', hello('far', { far: true, instance: 'two' }));
    // Once that is answered, the hello before was heard.
    await second.state();
    await pass(2, first);
    const reply = await refused;
    expect(reply.type === 'error' && reply.body.error.code).toBe('node-taken');
    // The first is heard as before.
    expect((await first.ask('agent.ping')).type).toBe('ok');
  });

  it('is that of an agent that was started anew, once the one before is silent; what it said meanwhile counts', async () => {
    const [first, second, client] = [peer(), peer(), peer()];
    await client.ask('tasks.add', { tasks: [spec('a')] });
    await first.ask('agent.hello', hello('far', { far: true, instance: 'one' }));
    const taken = second.ask('agent.hello', hello('far', { far: true, instance: 'two' }));
    const results = [{ task: 'a', hash: 'h', inspection: inspection('s'), kind: 'cpu' }];
    const told = second.ask('inspect.results', { results });
    await pass(6);
    expect((await taken).type).toBe('ok');
    expect((await told).type).toBe('ok');
    expect((await client.state()).tasks[0]?.inspection?.signature).toBe('s');
  });

  it('stays that of an agent with another line', async () => {
    const [first, again] = [peer(), peer()];
    await first.ask('agent.hello', hello('far', { instance: 'one' }));
    const reply = await again.ask('agent.hello', hello('far', { instance: 'one' }));
    expect(reply.type).toBe('ok');
    await first.send('agent.ping');
    expect((await first.next('error')).error.code).toBe('unknown-agent');
  });
});

describe('devices are chosen', () => {
  const request = { kind: 'cpu', count: 2 };

  it('of one node, or of each', async () => {
    const { own, far, client } = await agents();
    const one = client.ask('cluster.set', { request, node: 'far' });
    await far.next('cluster.set');
    await far.ask('cluster.report', { node: cpuNode(2, 'far') });
    expect((await one).type).toBe('ok');
    expect(own.heard.filter(({ type }) => type === 'cluster.set')).toEqual([]);
    const all = client.ask('cluster.set', { request });
    await far.next('cluster.set');
    await far.ask('cluster.report', { node: cpuNode(2, 'far') });
    await own.next('cluster.set');
    await own.ask('cluster.report', { node: cpuNode(2, 'own') });
    expect((await all).type).toBe('ok');
    const { cluster } = await client.state();
    expect(cluster?.nodes.map(({ devices }) => devices.length)).toEqual([2, 2]);
  });

  it('of those alone that are left when the bridge to the others has ended', async () => {
    const { own, far, client } = await agents();
    await own.ask('bridge.report', { state: 'ended' });
    const all = client.ask('cluster.set', { request });
    await own.next('cluster.set');
    await own.ask('cluster.report', { node: cpuNode(2, 'own') });
    expect((await all).type).toBe('ok');
    expect(far.heard.filter(({ type }) => type === 'cluster.set')).toEqual([]);
  });

  it('not where a node refuses, is away or was never there', async () => {
    const { far, client } = await agents();
    const refused = client.ask('cluster.set', { request, node: 'far' });
    await far.next('cluster.set');
    const error = { code: 'no-gpu', message: 'There is none.' };
    await far.ask('cluster.report', { node: cpuNode(1, 'far'), error });
    const code = async (reply: ReturnType<FakePeer['ask']>): Promise<string> => {
      const { type, body } = await reply;
      return type === 'error' ? body.error.code : type;
    };
    expect(await code(refused)).toBe('no-gpu');
    const lost = client.ask('cluster.set', { request, node: 'far' });
    await far.next('cluster.set');
    await far.ask('agent.gone', { node: 'far', error });
    expect(await code(lost)).toBe('no-agent');
    expect(await code(client.ask('cluster.set', { request, node: 'far' }))).toBe('node-away');
    expect(await code(client.ask('cluster.set', { request, node: 'nowhere' }))).toBe('unknown-device');
  });
});

it('nodes that inspect nothing learn what is coming, and those that come later', async () => {
  const { far, client } = await agents();
  await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  expect(await far.next('warm')).toMatchObject({ task: { name: 'a' } });
  const late = peer();
  await late.ask('agent.hello', hello('late', { far: true, host: 'machine-3', address: '10.0.0.3' }));
  expect(await late.next('warm')).toMatchObject({ task: { name: 'a' } });
  // Of the same world: all that could be loaded is.
  await client.ask('tasks.add', { tasks: [spec('c')] });
  await client.ask('tasks.add', { tasks: [{ ...spec('d'), world: '0123456789abcdef.json' }] });
  expect(await far.next('warm')).toMatchObject({ task: { name: 'd' } });
});

it.each([-7200, 7200])('what a node tells happened when it did, with a clock off by %d s', async off => {
  const far = peer();
  const client = peer();
  await peer().ask('agent.hello', hello('own'));
  await far.ask('agent.hello', hello('far', { far: true, time: clock + off }));
  await client.ask('hello', { version: VERSION });
  await client.ask('tasks.add', { tasks: [spec('a')] });
  const told = { task: 'a', attempt: 1, kind: 'started', time: clock + off };
  await far.ask('group.event', told);
  clock += 10;
  await far.ask('agent.ping', { time: clock });
  await far.ask('group.event', { ...told, time: clock - 3 });
  const journal = readFileSync(join(folder, 'journal.jsonl'), 'utf8').trim().split('\n');
  const events = journal.map(line => JSON.parse(line).event).filter(({ kind }) => kind === 'group');
  expect(events.map(({ event }) => event.time)).toEqual([1000, 1007]);
});

it('what a node tells is not later because a message before it was late', async () => {
  const far = peer();
  const client = peer();
  await peer().ask('agent.hello', hello('own'));
  await far.ask('agent.hello', hello('far', { far: true, time: clock }));
  await client.ask('hello', { version: VERSION });
  await client.ask('tasks.add', { tasks: [spec('a')] });
  clock += 10;
  await far.ask('agent.ping', { time: clock - 9 });
  await far.ask('group.event', { task: 'a', attempt: 1, kind: 'started', time: clock - 8 });
  const last = readFileSync(join(folder, 'journal.jsonl'), 'utf8').trim().split('\n').at(-1)!;
  expect(JSON.parse(last).event.event.time).toBe(1002);
});
