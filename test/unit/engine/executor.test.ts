import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine.js';
import { MessageRouter } from '../../../src/engine/router.js';
import { cpuNode, serialPlan, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { MemoryExecutor } from './memoryExecutor.js';

let folder: string;
let engine: Engine;
let executor: MemoryExecutor;
let client: FakePeer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-executor-'));
  const endpoint = `ipc://${join(folder, 'engine.sock')}`;
  let clock = 1000;
  engine = await Engine.start({
    session: 'test',
    folder,
    journal: join(folder, 'journal.jsonl'),
    endpoint,
    router: new MessageRouter(),
    executor: context => {
      executor = new MemoryExecutor(context);
      return executor;
    },
    idleSeconds: 1e9,
    cache: join(folder, 'cache'),
    planner: {
      plan: async request => serialPlan(request),
      cancel: () => undefined,
      dispose: () => undefined
    },
    freeBytes: () => undefined,
    now: () => clock++,
    build: 'test',
    abort: error => {
      throw error;
    },
    log: () => undefined
  });
  client = new FakePeer(endpoint);
});

afterEach(async () => {
  client.close();
  await engine.close();
  expect(executor.isDisposed).toBe(true);
  rmSync(folder, { recursive: true });
});

it('the engine works with anything that executes its commands', async () => {
  executor.connect(cpuNode(1));
  await client.ask('cluster.set', { request: { kind: 'cpu', count: 2 } });
  expect((await client.state()).cluster?.nodes[0]?.devices).toHaveLength(2);
  await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  await client.ask('run', { switches: 'never' });
  let state = await client.state();
  while (state.goal !== 'none') {
    state = await client.state();
  }
  expect(state.tasks.map(task => task.status)).toEqual(['finished', 'finished']);
  expect(new Set(executor.commands)).toEqual(new Set(['inspect', 'trial', 'start']));
});

it('an agent is answered that nobody listens to it, where agents are not what executes', async () => {
  const reply = await client.ask('agent.ping');
  expect(reply.type === 'error' && reply.body.error.code).toBe('unknown-message');
});
