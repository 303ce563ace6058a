import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import { cpuNode, inspection, serialPlan, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { endpointOf, startEngine } from './testEngine.js';

let folder: string;
let engine: Engine;
let peers: FakePeer[];
let clock: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-early-'));
  peers = [];
  clock = 1000;
  engine = await startEngine({
    folder,
    now: () => clock++,
    idleSeconds: 1e9,
    planner: {
      plan: async request => serialPlan(request),
      cancel: () => undefined,
      dispose: () => undefined
    },
    freeBytes: () => undefined
  });
});

function peer(): FakePeer {
  const made = new FakePeer(endpointOf(folder));
  peers.push(made);
  return made;
}

afterEach(async () => {
  for (const made of peers) {
    made.close();
  }
  await engine.close();
  rmSync(folder, { recursive: true });
});

it('trains what is inspected while the rest is', async () => {
  const hands = peer();
  await hands.ask('agent.hello', { node: cpuNode(1), groups: [], trials: [], inspecting: [] });
  const client = peer();
  await client.ask('tasks.add', { tasks: ['a', 'b', 'slow'].map(name => spec(name)) });
  await client.ask('run');
  const found = (name: string): object => ({
    results: [{ task: name, hash: 'h', inspection: inspection('sig') }]
  });
  await hands.ask('inspect.results', found('a'));
  const started = async (name: string): Promise<void> => {
    const order = await hands.until(
      message => message.type === 'group.start' && message.body.task.name === name
    );
    if (order.type !== 'group.start') {
      throw new Error('It is an order to start.');
    }
    const { task, attempt, steps, explores, signature = '', strategy } = order.body;
    const event = { task: task.name, attempt, time: clock };
    await hands.ask('group.event', { ...event, kind: 'started', step: 0 });
    if (explores) {
      const cell = { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 1 };
      await hands.ask('group.event', { ...event, kind: 'measured', cell });
    }
    await hands.ask('group.event', { ...event, kind: 'finished', step: steps });
  };
  await started('a');
  const statuses = async (): Promise<string[]> => (await client.state()).tasks.map(({ status }) => status);
  expect(await statuses()).toEqual(['finished', 'inspecting', 'inspecting']);

  await hands.ask('inspect.results', found('b'));
  await started('b');
  expect(await statuses()).toEqual(['finished', 'finished', 'inspecting']);
  await hands.ask('inspect.results', found('slow'));
  await started('slow');
  expect(await statuses()).toEqual(['finished', 'finished', 'finished']);
});
