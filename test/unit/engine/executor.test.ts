import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import { cpuNode, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { MemoryExecutor } from './memoryExecutor.js';
import { endpointOf, startEngine } from './testEngine.js';

let folder: string;
let engine: Engine;
let executor: MemoryExecutor;
let client: FakePeer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-executor-'));
  let clock = 1000;
  engine = await startEngine({
    folder,
    now: () => clock++,
    executor: context => {
      executor = new MemoryExecutor(context);
      return executor;
    }
  });
  client = new FakePeer(endpointOf(folder));
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
