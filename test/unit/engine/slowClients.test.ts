import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import { MessageRouter } from '../../../src/engine/router.js';
import { VERSION } from '../../../src/engine/version.js';
import { spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { endpointOf, startEngine } from './testEngine.js';

let folder: string;
let engine: Engine;
let peers: FakePeer[];
let child: ChildProcess;
/** What the engine has sent of its state: the receiver and the revision. */
let sent: { to: string; rev: number; bytes: number }[];

const endpoint = (): string => endpointOf(folder);
const sentTo = (to: string): number[] => sent.filter(message => message.to === to).map(({ rev }) => rev);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-slow-'));
  peers = [];
  sent = [];
  const router = new MessageRouter();
  const send = router.send.bind(router);
  vi.spyOn(router, 'send').mockImplementation((to, type, body, re) => {
    const told = body as { rev?: number; state?: { rev: number } };
    if (type === 'state' || type === 'change') {
      const bytes = JSON.stringify(body).length;
      sent.push({ to, rev: type === 'state' ? told.state!.rev : told.rev!, bytes });
    }
    return send(to, type, body, re);
  });
  engine = await startEngine({ folder, router, now: () => Date.now() / 1000 });
});

afterEach(async () => {
  child.kill('SIGKILL');
  for (const made of peers) {
    made.close();
  }
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function greeted(pace = 0): Promise<FakePeer> {
  const made = new FakePeer(endpoint(), pace);
  peers.push(made);
  await made.ask('hello', { pid: 1, version: VERSION });
  return made;
}

it('one that is stopped and one that reads slowly cost nothing, and miss nothing', async () => {
  const fast = await greeted();
  const slow = await greeted(500);
  const [toFast, toSlow] = [...new Set(sent.map(({ to }) => to))];
  child = spawn(process.execPath, ['test/unit/engine/followingClient.mjs', endpoint(), VERSION]);
  const revisions = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  await revisions.next();
  const toStopped = sent.at(-1)!.to;
  expect(new Set([toFast, toSlow, toStopped]).size).toBe(3);
  child.kill('SIGSTOP');
  sent = [];

  const count = 10;
  for (let added = 1; added <= count; added++) {
    await fast.ask('tasks.add', { tasks: [spec(`t${added}`)] });
    await fast.sees(({ tasks }) => tasks.length === added);
  }
  expect(sentTo(toFast!).length).toBeGreaterThanOrEqual(count);
  expect(sentTo(toStopped)).toHaveLength(1);
  // Each after it has read the one before, and its reply did not wait behind states.
  expect(sentTo(toSlow!).length).toBeLessThan(count);
  const states = (): number => slow.heard.filter(({ type }) => type !== 'ok' && type !== 'rendered').length;
  const before = states();
  await slow.ask('render', { view: 'tasks' });
  expect(states() - before).toBeLessThanOrEqual(1);
  // Every task travelled once to each, not with every state again.
  const whole = JSON.stringify(fast.copy).length;
  expect(sent.filter(({ to }) => to === toFast).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(
    2 * whole + 200 * count
  );

  const { rev } = await fast.state();
  await slow.sees(state => state.rev === rev);
  expect(slow.copy!.tasks).toEqual(fast.copy!.tasks);
  child.kill('SIGCONT');
  for (let last = 0; last !== rev; ) {
    last = Number((await revisions.next()).value);
  }
  expect(sentTo(toStopped)).toHaveLength(2);
});
