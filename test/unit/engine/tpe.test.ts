import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Advise, SessionState } from '../../../src/core/wire/messages.js';
import type { Engine } from '../../../src/engine/engine.js';
import { sweepOf } from '../search/sweeps.js';
import { cpuNode, inspection } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { endpointOf, startEngine } from './testEngine.js';

const SWEEP = sweepOf({
  space: { lr: { low: 0, high: 1, scale: 'linear' } },
  points: 6,
  search: 'tpe',
  seed: 7
});

let folder: string;
let engine: Engine;
let peers: FakePeer[];
let clock: number;

const endpoint = (): string => endpointOf(folder);

async function start(): Promise<void> {
  engine = await startEngine({ folder, now: () => clock++ });
}

function peer(): FakePeer {
  const one = new FakePeer(endpoint());
  peers.push(one);
  return one;
}

/** Do what is asked, but for thinking up points, until a question for those comes; undefined when all is over before. */
async function work(hands: FakePeer, client: FakePeer): Promise<Advise | undefined> {
  for (;;) {
    for (let message = hands.heard.shift(); message; message = hands.heard.shift()) {
      if (message.type === 'advise') {
        return message.body;
      }
      if (message.type === 'inspect') {
        for (const task of message.body.tasks) {
          const result = { task: task.name, hash: task.hash, inspection: inspection('sig') };
          await hands.ask('inspect.results', { results: [result] });
        }
      } else if (message.type === 'trial.start') {
        const { trial, signature, strategy } = message.body;
        const cell = { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 1 };
        await hands.ask('trial.result', { trial, cell });
      } else if (message.type === 'group.start') {
        const { task, attempt, steps } = message.body;
        const event = { task: task.name, attempt, time: clock };
        await hands.ask('group.event', { ...event, kind: 'started', step: 0 });
        const result = { loss: 0.5, metrics: { accuracy: task.params.lr } };
        await hands.ask('group.event', { ...event, kind: 'finished', step: steps, result });
      }
    }
    if ((await client.state()).goal === 'none') {
      return undefined;
    }
  }
}

/** Wait until there are so many points. */
async function made(client: FakePeer, count: number): Promise<void> {
  while ((await client.state()).sweeps?.[0]?.made !== count) {}
}

const lrs = ({ tasks }: SessionState): unknown[] => tasks.map(({ spec }) => spec.params.lr);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-tpe-'));
  peers = [];
  clock = 1000;
  await start();
});

afterEach(async () => {
  for (const one of peers) {
    one.close();
  }
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** A sweep of six points under way, on one device: two are there, and further ones are asked for. */
async function begin(): Promise<{ hands: FakePeer; client: FakePeer; asked: Advise }> {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [], sweep: SWEEP, by: { metric: 'accuracy' } });
  await client.ask('run', { switches: 'never' });
  const asked = await work(hands, client);
  expect(asked).toBeDefined();
  return { hands, client, asked: asked! };
}

it('asks beside the own node with all that is known, until there are as many points as were wanted', async () => {
  const { hands, client, asked } = await begin();
  const known = lrs(await client.state());
  expect(known).toHaveLength(4);
  const { id, count, ...question } = asked;
  expect(id).not.toBe('');
  expect(question).toEqual({
    seed: 7,
    first: 4,
    goal: 'max',
    space: SWEEP.space,
    known: expect.arrayContaining([{ params: { lr: known[0] }, state: 'complete', value: known[0] }])
  });
  let next: Advise | undefined = asked;
  const told: number[] = [];
  while (next) {
    const points = Array.from({ length: next.count }, (_, place) => (next!.first + place) / 10);
    told.push(...points);
    await hands.send('advice', { id: next.id, points: points.map(lr => ({ lr })) });
    next = await work(hands, client);
  }
  expect(told).toEqual([0.4, 0.5]);
  expect(count).toBeLessThanOrEqual(2);
  const { tasks, sweeps } = await client.state();
  expect(lrs(await client.state())).toEqual([...known, 0.4, 0.5]);
  expect(tasks.every(({ status }) => status === 'finished')).toBe(true);
  expect(sweeps).toMatchObject([{ made: 6 }]);
});

it('asks the own node alone, again when it was away, and of one of a new engine; each answer counts once', async () => {
  const { hands, asked } = await begin();
  const far = peer();
  const none = { groups: [], trials: [], inspecting: [] };
  await far.ask('agent.hello', { node: cpuNode(1, 'far'), far: true, ...none });
  expect(far.heard.some(({ type }) => type === 'advise')).toBe(false);
  await hands.enrol();
  const again = (await hands.next('advise')) as Advise;
  expect(again).toEqual(asked);
  await engine.close();
  await start();
  const other = await peer().enrol();
  const anew = (await other.next('advise')) as Advise;
  expect(anew).toEqual({ ...asked, id: anew.id });
  expect(anew.id).not.toBe(asked.id);
  const watching = peer();
  const before = lrs(await watching.state());
  await other.send('advice', { id: asked.id, points: [{ lr: 0.11 }] });
  expect(lrs(await watching.state())).toEqual(before);
  const points = Array.from({ length: anew.count }, (_, place) => ({ lr: 0.2 + place / 100 }));
  await other.send('advice', { id: anew.id, points });
  await other.send('advice', { id: anew.id, points: [{ lr: 0.9 }] });
  await made(watching, 4 + anew.count);
  expect(lrs(await watching.state())).toEqual([...before, ...points.map(({ lr }) => lr)]);
});

it('says why there are no more points, trains those there are, and asks anew with the next run', async () => {
  const { hands, client, asked } = await begin();
  const error = { code: 'no-optuna', message: 'TPE needs Optuna.', hint: 'Or --search random' };
  await hands.send('advice', { id: asked.id, error });
  expect(await work(hands, client)).toBeUndefined();
  const state = await client.state();
  expect(state.sweeps).toMatchObject([{ made: 4, error }]);
  expect(state.tasks.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
  await client.ask('run', { switches: 'never' });
  expect(await work(hands, client)).toMatchObject({ first: 4, known: { length: 4 } });
});
