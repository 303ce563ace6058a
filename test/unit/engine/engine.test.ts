import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wholeState } from '../../../src/core/wire/judged.js';
import { MAX_MESSAGE_BYTES, type Message, type PlanRequest } from '../../../src/core/wire/messages.js';
import type { Engine } from '../../../src/engine/engine.js';
import { Journal } from '../../../src/engine/journal/journal.js';
import type { SessionPlanner } from '../../../src/engine/planner/sessionPlanner.js';
import { VERSION } from '../../../src/engine/version.js';
import { cpuNode, inspection, serialPlan, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';
import { endpointOf, startEngine } from './testEngine.js';

let folder: string;
let engine: Engine;
let peers: FakePeer[];
let clock: number;
let freeBytes: number | undefined;

const endpoint = (): string => endpointOf(folder);
const planner: SessionPlanner.IPlanner = {
  plan: async (request: PlanRequest) => serialPlan(request),
  cancel: () => undefined,
  dispose: () => undefined
};

async function start(idleSeconds = 1e9): Promise<void> {
  engine = await startEngine({
    folder,
    now: () => clock++,
    idleSeconds,
    planner,
    freeBytes: () => freeBytes
  });
}

async function restart(): Promise<void> {
  await engine.close();
  await start();
}

function peer(): FakePeer {
  const made = new FakePeer(endpoint());
  peers.push(made);
  return made;
}

async function errorOf(client: FakePeer, type: string, body: object = {}): Promise<string> {
  const reply = await client.ask(type, body);
  return reply.type === 'error' ? reply.body.error.code : reply.type;
}

/** Kinds of the events in the journal. */
function journaled(): string[] {
  return readFileSync(join(folder, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).event)
    .map(event => (event.kind === 'group' ? event.event.kind : event.kind));
}

/** An agent that inspects, measures and trains without fault. Its clock may be ahead, by so many seconds. */
async function work(hands: FakePeer, until: () => Promise<boolean>, ahead = 0): Promise<void> {
  while (!(await until())) {
    for (const message of hands.heard.splice(0)) {
      if (message.type === 'inspect') {
        for (const task of message.body.tasks) {
          const result = { task: task.name, hash: task.hash, inspection: inspection(`sig-${task.name}`) };
          await hands.ask('inspect.results', { results: [result] });
        }
      } else if (message.type === 'trial.start') {
        const { trial, signature, strategy } = message.body;
        const cell = { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 1 };
        await hands.ask('trial.result', { trial, cell });
      } else if (message.type === 'group.start') {
        const { task, attempt, steps } = message.body;
        const event = { task: task.name, attempt, time: clock + ahead };
        await hands.ask('group.event', { ...event, kind: 'started', step: 0 });
        await hands.send('group.event', { ...event, kind: 'step', step: 1, loss: 2 });
        await hands.ask('group.event', {
          ...event,
          kind: 'finished',
          step: steps,
          result: { loss: 0.5, metrics: { accuracy: 1 } }
        });
      }
    }
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-engine-'));
  peers = [];
  clock = 1000;
  freeBytes = undefined;
  await start();
});

afterEach(async () => {
  for (const made of peers) {
    made.close();
  }
  await engine.close();
  rmSync(folder, { recursive: true });
});

it('has the version of the package', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(VERSION);
});

describe('messages', () => {
  it('that make no sense get an error reply and harm nothing', async () => {
    const client = peer();
    await client.raw('{"v":1');
    expect((await client.next('error')).error.code).toBe('bad-message');
    await client.raw('{}', 'second frame');
    expect((await client.next('error')).error.code).toBe('bad-message');
    await client.raw(Buffer.alloc(MAX_MESSAGE_BYTES + 1, 0x20));
    expect((await client.next('error')).error.code).toBe('too-large');
    // So large that a socket would rather be closed without a word.
    await client.raw(Buffer.alloc(8 * MAX_MESSAGE_BYTES, 0x20));
    expect((await client.next('error')).error.code).toBe('too-large');
    expect(await errorOf(client, 'no.such.type')).toBe('unknown-message');
    expect(await errorOf(client, 'run', { tasks: [7] })).toBe('bad-message');
    expect((await client.state()).tasks).toEqual([]);
  });

  it('of a client of another version are refused from the first', async () => {
    const client = peer();
    const refused = await client.ask('hello', { pid: 1, version: '9.9.9' });
    expect(refused.type === 'error' && refused.body.error).toMatchObject({
      code: 'other-version',
      message: expect.stringContaining('this notebook 9.9.9')
    });
  });

  it('that come too early are refused with what to do first', async () => {
    const client = peer();
    expect(await errorOf(client, 'profile')).toBe('no-tasks');
    expect(await errorOf(client, 'stop', { tasks: ['nobody'] })).toBe('unknown-task');
    expect(await errorOf(client, 'cluster.set', { request: { kind: 'cpu' } })).toBe('no-agent');
    await client.ask('tasks.add', { tasks: [spec('a')] });
    expect(await errorOf(client, 'run')).toBe('no-devices');
    expect(await errorOf(client, 'tasks.add', { tasks: [spec('b'), spec('b')] })).toBe('duplicate-task');
    expect(await errorOf(client, 'tasks.add', { tasks: [spec('a', 'other')] })).toBe('duplicate-task');
    expect((await client.state()).tasks).toHaveLength(1);
  });
});

it('takes wishes with their tasks or not at all, refuses plans with faults, and knows wishes again', async () => {
  await peer().enrol();
  const client = peer();
  const wishes = { set: { weight: 2, pin: { devices: ['cpu1'] } } };
  const nowhere = { set: { pin: { devices: ['cpu9'] } } };
  expect(await errorOf(client, 'tasks.add', { tasks: [spec('a')], wishes: nowhere })).toBe('unknown-device');
  expect((await client.state()).tasks).toEqual([]);
  expect(await errorOf(client, 'tasks.add', { tasks: [spec('a')], wishes })).toBe('tasks.added');
  expect(await errorOf(client, 'wishes.set', { session: { freeCount: 1 } })).toBe('bad-wish');
  expect(await errorOf(client, 'wishes.set', { session: { set: { concurrent: 3 } } })).toBe('ok');
  const strategy = { technique: 'single', devices: 1 };
  const segment = { task: 'b', strategy, node: 'node', devices: ['cpu0'], start: 0, end: 1, steps: 1 };
  expect(await errorOf(client, 'plan.use', { segments: [segment] })).toBe('plan-refused');
  const asked = { weight: 2, pin: { node: 'node', devices: ['cpu1'] } };
  const known = async (of: FakePeer) => {
    const { tasks, wishes } = await of.state();
    return [tasks.map(task => task.wishes), wishes];
  };
  expect(await known(client)).toEqual([[asked], { concurrent: 3 }]);
  await engine.close();
  await start();
  expect(await known(peer())).toEqual([[asked], { concurrent: 3 }]);
  expect(journaled().filter(kind => kind === 'wishes-set')).toHaveLength(2);
});

it('shows only the tasks that were asked for', async () => {
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('one'), spec('two')] });
  const reply = await client.ask('render', { view: 'tasks', tasks: ['two'] });
  const text = reply.type === 'rendered' ? reply.body.text : '';
  expect(text).toContain('1 task in 1 sweep');
  expect(text).not.toContain('one');
});

it('writes the session as files, and says when there is nothing to write', async () => {
  const client = peer();
  expect(await errorOf(client, 'export', { format: 'csv' })).toBe('nothing-to-export');
  await client.ask('tasks.add', { tasks: [spec('one')] });
  const csv = await client.ask('export', { format: 'csv' });
  expect(csv.type === 'exported' && csv.body.text.split('\r\n')).toHaveLength(3);
  const page = await client.ask('export', { format: 'html' });
  expect(page.type === 'exported' && page.body.text).toContain('<!DOCTYPE html>');
  expect(await errorOf(client, 'export', { format: 'json' })).toBe('nothing-to-export');
});

it('tells what a task has logged, printed and saved', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  const asked = { tasks: ['b', 'gone', 'a'], metric: 'loss', points: 100 };
  const empty = {
    metrics: [],
    steps: [],
    values: [],
    times: [],
    segments: [],
    last: 0,
    edition: expect.any(String)
  };
  expect((await client.ask('curves.read', asked)).body).toEqual({
    curves: [
      { task: 'b', ...empty },
      { task: 'a', ...empty }
    ]
  });
  await client.ask('run', { tasks: ['a'], switches: 'never' });
  await work(hands, async () => (await client.state()).goal === 'none');
  const task = join(folder, 'tasks', 'a');
  mkdirSync(join(task, 'attempt-1'), { recursive: true });
  const lines = [
    { step: 1, time: 1000, loss: 2 },
    { step: 2, time: 1001, loss: 1 },
    { step: 2, time: 1001, eval: { accuracy: 0.5 } }
  ];
  writeFileSync(join(task, 'log.jsonl'), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(join(task, 'attempt-1', 'rank0.log'), 'Loading\nDone\n');
  const [attempt] = (await client.state()).tasks[0]!.attempts;
  expect((await client.ask('curves.read', asked)).body).toMatchObject({
    curves: [
      { task: 'b', last: 0 },
      {
        task: 'a',
        metrics: ['loss', 'eval/accuracy'],
        steps: [1, 2],
        values: [2, 1],
        times: [1000, 1001],
        segments: [{ step: 0, attempt: 1, strategy: attempt!.strategy, devices: attempt!.devices }],
        last: 2
      }
    ]
  });
  const drawn = await client.ask('render', { view: 'log', tasks: ['a'] });
  const { text, html } = drawn.type === 'rendered' ? drawn.body : { text: '', html: '' };
  expect(text).toContain('Training loss of a');
  expect(text).toContain('0.5000 at step 2');
  expect(html.match(/<svg /g)).toHaveLength(2);
  for (const view of ['results', 'report']) {
    const told = await client.ask('render', { view });
    expect(told.type === 'rendered' && told.body.text).toContain('2.000 at step 1 to 1.000 at step 2');
  }
  expect((await client.ask('output.read', { task: 'a' })).body).toMatchObject({
    text: 'Loading\nDone\n',
    attempts: [1],
    cut: false
  });
  expect((await client.ask('checkpoints.read', { task: 'a' })).body).toEqual({ checkpoints: [] });
  expect(await errorOf(client, 'output.read', { task: 'a', attempt: 2 })).toBe('unknown-attempt');
  expect(await errorOf(client, 'output.read', { task: 'nobody' })).toBe('unknown-task');
  expect(await errorOf(client, 'checkpoints.read', { task: 'nobody' })).toBe('unknown-task');
  expect(await errorOf(client, 'output.read', { task: '../a' })).toBe('bad-message');
});

it('tells a failed choice of devices to whom it answers, and to nobody else', async () => {
  const hands = await peer().enrol();
  const client = peer();
  const asked = errorOf(client, 'cluster.set', { request: { kind: 'cuda' } });
  await hands.next('cluster.set');
  const { cluster } = await client.state();
  const report = {
    node: cluster!.nodes[0]!,
    error: { code: 'no-gpu', message: 'There is no GPU.' }
  };
  await hands.ask('cluster.report', report);
  expect(await asked).toBe('no-gpu');
  expect((await client.state()).notices).toEqual([]);
  await hands.ask('cluster.report', report);
  expect((await client.state()).notices).toHaveLength(1);
});

it('tells what keeps a node from beginning anything, whoever waits for an answer about its devices', async () => {
  const hands = await peer().enrol();
  const client = peer();
  const asked = errorOf(client, 'cluster.set', { request: { kind: 'cpu' } });
  await hands.next('cluster.set');
  const { cluster } = await client.state();
  const [node] = cluster!.nodes;
  const error = { code: 'no-runtime-folder', message: 'There is no folder.' };
  await hands.ask('node.trouble', { node, error });
  expect(await client.state()).toMatchObject({ notices: [error], cluster });
  await hands.ask('cluster.report', { node });
  expect(await asked).not.toBe('no-runtime-folder');
});

it('refuses to leave out a technique that there is not', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await work(hands, async () => (await client.state()).tasks[0]?.status === 'ready');
  expect(await errorOf(client, 'plan', { excludeTechniques: ['dpd'] })).toBe('unknown-technique');
  expect(await errorOf(client, 'plan', { excludeTechniques: ['ddp'] })).toBe('ok');
});

it('leads tasks through profile and plan to trained models, and tells every client', async () => {
  const hands = await peer().enrol();
  const [one, two] = [peer(), peer()];
  await one.ask('hello', { pid: 1, version: VERSION });
  await two.ask('hello', { pid: 2, version: VERSION });
  await one.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  await one.ask('run');
  await work(hands, async () => (await one.state()).goal === 'none');
  const state = await two.state();
  expect(state.tasks.map(task => [task.status, task.result?.metrics.accuracy])).toEqual([
    ['finished', 1],
    ['finished', 1]
  ]);
  const pushed = await two.sees(({ goal, tasks }) => goal === 'none' && tasks.length > 0);
  expect(pushed.progress).toBe('Saturn: 2/2 trained');
  for (const view of ['cluster', 'tasks', 'profile', 'plan', 'status', 'results', 'report']) {
    const reply = await one.ask('render', { view });
    expect(reply.type === 'rendered' && reply.body.text.length > 0 && reply.body.html).toContain('<');
  }
});

it('has no device used by two tasks at once, whatever an agent takes for the time', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  await client.ask('run', { switches: 'never' });
  await work(hands, async () => (await client.state()).goal === 'none', 1000);
  const runs = (await client.state()).tasks.flatMap(({ attempts }) => attempts);
  const [first, second] = runs.sort((one, other) => one.requestedAt - other.requestedAt);
  expect(runs).toHaveLength(2);
  expect(first!.devices.filter(device => second!.devices.includes(device))).not.toEqual([]);
  expect(first!.endedAt).toBeLessThanOrEqual(second!.requestedAt);
});

it('tells how the plan was at any time, before and after it was started again', async () => {
  const hands = await peer().enrol();
  let client = peer();
  await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
  await client.ask('run', { switches: 'never' });
  await work(hands, async () => (await client.state()).goal === 'none');
  const [, second] = (await client.state()).tasks;
  // The first task has ended, the other begins.
  const time = second!.attempts[0]!.requestedAt;
  const statusesAt = async (): Promise<unknown> => {
    const was = await client.ask('state.at', { time });
    const { tasks, plan } = was.type === 'state.was' ? wholeState(was.body) : await client.state();
    return [plan?.plan.segments.length, tasks.map(task => task.attempts.map(({ outcome }) => outcome))];
  };
  const then = [2, [['finished'], [undefined]]];
  expect(await statusesAt()).toEqual(then);
  const drawn = await client.ask('render', { view: 'plan', at: time });
  expect(drawn.type === 'rendered' && drawn.body.text).toContain('The plan as it was at ');
  expect(await errorOf(client, 'state.at', { time: 1 })).toBe('no-plan-then');
  expect(await errorOf(client, 'render', { view: 'plan', at: clock + 1000 })).toBe('time-to-come');
  await engine.close();
  await start();
  client = peer();
  expect(await statusesAt()).toEqual(then);
});

it('started again on its journal, knows everything and takes up the work', async () => {
  let hands = await peer().enrol();
  let client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await client.ask('run', { switches: 'never' });
  await work(hands, async () => (await client.state()).trials.length === 1);
  const before = await client.state();
  await engine.close();
  await start();
  client = peer();
  const after = await client.state();
  expect(after.agent).toBe('away');
  expect(after.cells).toEqual(before.cells);
  expect(after.goal).toBe('run');
  expect(after.rev).toBeGreaterThan(before.rev);
  hands = await peer().enrol();
  await work(hands, async () => (await client.state()).goal === 'none');
  expect((await client.state()).tasks[0]?.status).toBe('finished');
});

describe('measurements of earlier sessions', () => {
  const plain = cpuNode(2);
  const node = {
    ...plain,
    software: 'torch 2.13.0',
    devices: plain.devices.map(device => ({ ...device, model: 'core' }))
  };

  /** Profile one task in a new session; the kinds of its events. */
  async function profile(body: object = {}): Promise<string[]> {
    await engine.close();
    rmSync(join(folder, 'journal.jsonl'));
    await start();
    const hands = await peer().enrol(node);
    const client = peer();
    await client.ask('tasks.add', { tasks: [spec('a')] });
    await work(hands, async () => (await client.state()).tasks[0]?.status === 'ready');
    await client.ask('profile', body);
    await work(hands, async () => (await client.state()).goal === 'none');
    return journaled();
  }

  it('are recalled before trials are chosen, unless all is to be measured anew', async () => {
    expect(await profile({ full: true })).not.toContain('cells-recalled');
    const again = await profile({ full: true });
    expect(again).not.toContain('trial-finished');
    expect(again.slice(-2)).toEqual(['cells-recalled', 'profile-requested']);
    expect((await peer().state()).cells.map(cell => cell.recalled)).toEqual([true, true]);
    const forced = await profile({ full: true, force: true });
    expect(forced).not.toContain('cells-recalled');
    expect(forced.filter(kind => kind === 'trial-finished')).toHaveLength(2);
  });

  it('are shown, and forgotten when told so', async () => {
    await profile({ full: true });
    const client = peer();
    const memory = async (): Promise<string> => {
      const reply = await client.ask('render', { view: 'cache' });
      return reply.type === 'rendered' ? reply.body.text : '';
    };
    expect(await memory()).toContain("2 measurements remembered, 2 of this session's tasks.");
    await client.ask('cache.clear');
    expect(await memory()).toContain('No measurements are remembered yet.');
    expect(await profile({ full: true })).toContain('trial-finished');
  });

  it('that cannot be kept are told once, and measuring goes on', async () => {
    writeFileSync(join(folder, 'cache'), 'in the way');
    await profile({ full: true });
    const { cells, notices } = await peer().state();
    expect(cells.map(cell => cell.status)).toEqual(['ok', 'ok']);
    expect(notices.map(notice => notice.code)).toEqual(['no-profile-cache']);
  });
});

it('refuses to change a technique while it is used, and to remove one it does not know', async () => {
  const hands = await peer().enrol();
  const client = peer();
  const mine = { name: 'ddp', target: 'mine:Ddp' };
  expect(await errorOf(client, 'techniques.set', { techniques: [], remove: ['ddp'] })).toBe(
    'unknown-technique'
  );
  await client.ask('techniques.set', { techniques: [mine] });
  expect((await client.state()).techniques).toEqual([mine]);
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await client.ask('profile', { full: true });
  await work(hands, async () => hands.heard.some(({ type }) => type === 'trial.start'));
  const used = (await client.state()).trials.find(trial => trial.status === 'running')?.strategy.technique;
  expect(await errorOf(client, 'techniques.set', { techniques: [{ ...mine, name: used }] })).toBe('busy');
});

it('shows nothing of tasks it does not know', async () => {
  expect(await errorOf(peer(), 'render', { view: 'check', tasks: ['nobody'] })).toBe('unknown-task');
});

it('does not journal progress, and journals all else before it answers', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await client.ask('run', { switches: 'never' });
  await work(hands, async () => (await client.state()).goal === 'none');
  const kinds = journaled();
  expect(kinds).not.toContain('step');
  expect(kinds.filter(kind => kind !== 'plan-made')).toEqual([
    'created',
    'agent-connected',
    'tasks-added',
    'run-requested',
    'inspected',
    'trial-finished',
    'started',
    'finished'
  ]);
  expect(kinds.slice(-3)).toEqual(['plan-made', 'started', 'finished']);
  const told = readFileSync(join(folder, 'journal.jsonl'), 'utf8').match(
    /"begun":\{"attempts":\[\{"task":"a","attempt":\{"number":1,/g
  );
  expect(told).toHaveLength(1);
});

it('outlives a full disk when the time of a task has come, and notes it later', async () => {
  const hands = await peer().enrol();
  const client = peer();
  const unanswered = vi.spyOn(planner, 'plan').mockReturnValue(new Promise(() => undefined));
  const wishes = { set: { earliestStart: clock + 5000 } };
  await client.ask('tasks.add', { tasks: [spec('a')], wishes });
  await client.ask('run');
  await work(hands, async () => (await client.state()).tasks[0]?.status === 'ready');
  const full = vi.spyOn(Journal.prototype, 'append').mockImplementation(() => {
    throw new Error('No space is left.');
  });
  clock += 10_000;
  await vi.waitFor(() => expect(full.mock.calls.map(([event]) => event.kind)).toContain('clock'), 5000);
  full.mockRestore();
  await vi.waitFor(() => expect(journaled()).toContain('clock'), 5000);
  unanswered.mockRestore();
});

it('tells agents to leave when nobody is there and nothing is to do', async () => {
  await engine.close();
  await start(5);
  const hands = await peer().enrol();
  clock += 8;
  expect(await hands.next('shutdown')).toEqual({});
});

it('asks an agent that was away to say hello again', async () => {
  const hands = await peer().enrol();
  const client = peer();
  clock += 20;
  while ((await client.state()).agent !== 'away') {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  await hands.send('agent.ping');
  expect((await hands.next('error')).error.code).toBe('unknown-agent');
  await hands.enrol();
  expect((await client.state()).agent).toBe('connected');
});

it('archives what a removal left behind when the engine was killed in its midst', async () => {
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('gone')] });
  await client.ask('tasks.remove', { tasks: ['gone'] });
  await engine.close();
  mkdirSync(join(folder, 'tasks', 'gone'), { recursive: true });
  await start();
  expect(existsSync(join(folder, 'tasks', 'gone'))).toBe(false);
  expect(existsSync(join(folder, 'archive'))).toBe(true);
});

describe('a journal that is damaged', () => {
  /** Flip a bit in the record of the last event of a kind, and start on it. */
  async function startWithout(kind: string): Promise<void> {
    await engine.close();
    const path = join(folder, 'journal.jsonl');
    const text = readFileSync(path);
    const at = text.lastIndexOf(`"kind":"${kind}"`);
    text[at + 9]! ^= 1;
    writeFileSync(path, text);
    await start();
  }

  function save(task: string, step: number, hash = 'h', ended?: number): void {
    const checkpoints = join(folder, 'tasks', task, 'checkpoints');
    const checkpoint = join(checkpoints, ...(ended === undefined ? [] : ['final']), `step-${step}`);
    mkdirSync(checkpoint, { recursive: true });
    const manifest = { v: 1, step, identity: `${hash}/seed-0/steps-10`, files: {}, ended };
    writeFileSync(join(checkpoint, 'manifest.json'), JSON.stringify(manifest));
  }

  it('opens with what came before, tells what is lost, and takes up what trains', async () => {
    let hands = await peer().enrol();
    let client = peer();
    await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
    await client.ask('run', { switches: 'never' });
    await work(hands, async () => {
      await client.state();
      return hands.heard.some(({ type }) => type === 'group.start');
    });
    const begun = hands.heard.find(({ type }) => type === 'group.start')!;
    const { task, attempt, strategy, devices } = (begun as Message<'engine'> & { type: 'group.start' }).body;
    const claims = join(folder, 'tasks', task.name, 'claims');
    mkdirSync(claims, { recursive: true });
    writeFileSync(join(claims, '7'), '');
    await restart();
    expect(existsSync(claims)).toBe(true);
    // Of what is forgotten, nothing may stand in the way of what begins.
    await startWithout('plan-made');
    expect(existsSync(claims)).toBe(false);
    save(task.name, 4);

    client = peer();
    const { notices, tasks } = await client.state();
    expect(notices.at(-1)?.code).toBe('journal-damaged');
    const kept = /kept in (\S+)\.$/.exec(notices.at(-1)!.message)![1]!;
    expect(readFileSync(join(kept, 'journal.jsonl'), 'utf8')).toContain('"pman-made"');
    expect(tasks.map(({ attempts }) => attempts)).toEqual([[], []]);

    hands = peer();
    const groups = [{ task: task.name, attempt, order: { hash: 'h', strategy, devices } }];
    await hands.ask('agent.hello', { node: cpuNode(2), groups, trials: [], inspecting: [] });
    const found = (await client.state()).tasks.find(({ spec }) => spec.name === task.name)!;
    expect(found.status).toBe('running');
    expect(found.attempts).toMatchObject([{ number: attempt, strategy, devices }]);
    await hands.ask('group.event', { task: task.name, attempt, time: clock, kind: 'finished', step: 10 });
    await work(hands, async () => (await client.state()).goal === 'none');
    expect((await client.state()).tasks.map(({ status }) => status)).toEqual(['finished', 'finished']);
    await restart();
    expect((await peer().state()).tasks.map(({ status }) => status)).toEqual(['finished', 'finished']);
  });

  it('knows what lies on disk, and archives none of it', async () => {
    const client = peer();
    await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
    await client.ask('tasks.add', { tasks: [spec('c')] });
    save('a', 4);
    save('a', 6, 'h', 12); // its best, of a task that is finished
    save('b', 3, 'of another');
    save('c', 5);
    await startWithout('tasks-added');
    const { tasks } = await peer().state();
    expect(tasks.map(({ spec, checkpointStep }) => [spec.name, checkpointStep])).toEqual([
      ['a', 12],
      ['b', undefined]
    ]);
    await restart();
    expect(readdirSync(join(folder, 'tasks'))).toEqual(['a', 'b', 'c']);
  });
});

it('begins another part of a long journal, and knows all when it is started on it', async () => {
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  const long = vi.spyOn(Journal.prototype, 'isLong', 'get').mockReturnValueOnce(true);
  await vi.waitFor(() => expect(existsSync(join(folder, 'history'))).toBe(true), 5000);
  long.mockRestore();
  await client.ask('tasks.add', { tasks: [spec('b')] });
  expect(journaled()).toEqual(['tasks-added']);
  await engine.close();
  await start();
  expect((await peer().state()).tasks.map(({ spec }) => spec.name)).toEqual(['a', 'b']);
});

it('archives the folder of a task that is replaced', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await client.ask('run');
  await work(hands, async () => (await client.state()).goal === 'none');
  mkdirSync(join(folder, 'tasks', 'a'), { recursive: true });
  const reply = await client.ask('tasks.add', { tasks: [spec('a', 'new')], replace: true });
  expect(reply.type === 'tasks.added' && reply.body.replaced).toEqual(['a']);
  expect(existsSync(join(folder, 'tasks', 'a'))).toBe(false);
  expect(existsSync(join(folder, 'archive'))).toBe(true);
});

it('keeps weights for as long as a task began with them', async () => {
  const hands = await peer().enrol();
  const client = peer();
  const warmStart = { task: 'a', hash: '0'.repeat(32), step: 3, seed: 0, checkpoints: ['1'.repeat(32)] };
  await client.ask('tasks.add', { tasks: [spec('a'), { ...spec('clone', 'other'), warmStart }] });
  await client.ask('run');
  await work(hands, async () => (await client.state()).goal === 'none');
  for (const name of ['1'.repeat(32), '2'.repeat(32)]) {
    mkdirSync(join(folder, 'weights', name), { recursive: true });
  }
  await client.ask('tasks.remove', { tasks: ['a'] });
  expect(readdirSync(join(folder, 'weights'))).toEqual(['1'.repeat(32)]);
  await client.ask('tasks.remove', { tasks: ['clone'] });
  expect(readdirSync(join(folder, 'weights'))).toEqual([]);
});

it('asks nothing for the finished tasks of a cell that is run again', async () => {
  const hands = await peer().enrol();
  const client = peer();
  await client.ask('tasks.add', { tasks: [spec('a')] });
  await client.ask('run', { tasks: ['a'] });
  expect((await client.state()).selected).toEqual(['a']);
  await work(hands, async () => (await client.state()).goal === 'none');
  expect((await client.state()).selected).toBeUndefined();
  const again = { set: { pin: { count: 1 } } };
  expect(await errorOf(client, 'wishes.set', { tasks: [{ tasks: ['a'], ...again }] })).toBe('task-finished');
  const more = { tasks: [spec('a'), spec('b')], wishes: again };
  expect(await errorOf(client, 'tasks.add', more)).toBe('tasks.added');
  expect((await client.state()).tasks.map(task => task.wishes)).toEqual([undefined, again.set]);
  expect(await errorOf(client, 'tasks.add', { ...more, tasks: [spec('a')] })).toBe('tasks.added');
  const other = { tasks: [spec('a', 'new')], replace: true, wishes: again };
  expect(await errorOf(client, 'tasks.add', other)).toBe('tasks.added');
  expect((await client.state()).tasks.map(task => task.wishes)).toEqual([again.set, again.set]);
});

it('tries again a while after the disk was full where nobody can tell what is free', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await engine.close();
    await start();
    const hands = await peer().enrol();
    const client = peer();
    await client.ask('tasks.add', { tasks: [spec('a')] });
    await hands.next('inspect');
    const error = { code: 'disk-full', message: 'The disk is full.' };
    await hands.ask('inspect.results', { results: [{ task: 'a', hash: 'h', error }] });
    expect((await client.state()).pause?.error.code).toBe('disk-full');
    clock += 60;
    vi.advanceTimersByTime(1000);
    expect((await client.state()).pause).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

it('pauses before the disk is full, and goes on when there is room', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await engine.close();
    await start();
    await peer().enrol();
    const client = peer();
    await client.ask('tasks.add', { tasks: [spec('a')] });
    await client.ask('run');
    freeBytes = 1000;
    vi.advanceTimersByTime(3000);
    const { pause, goal, notices } = await client.state();
    expect([pause?.error.code, goal]).toEqual(['disk-nearly-full', 'run']);
    expect(notices.map(({ code }) => code)).toEqual(['disk-nearly-full']);
    freeBytes = 1e12;
    vi.advanceTimersByTime(1000);
    expect((await client.state()).pause).toBeUndefined();
    expect(journaled().filter(kind => kind.startsWith('storage'))).toEqual(['storage-short', 'storage-free']);
  } finally {
    vi.useRealTimers();
  }
});

describe('how busy the devices are', () => {
  it('is told to who asks, is in no journal, and known by agents that said hello only', async () => {
    const agent = peer();
    const client = peer();
    const device = { id: 'cpu0', load: 0.5, memoryBytes: 1, totalBytes: 4 };
    const load = { node: 'local', time: clock, seconds: 2, devices: [device] };
    await agent.send('devices.load', load);
    expect((await client.ask('load.read')).body).toEqual({ nodes: [] });
    await agent.ask('agent.hello', { node: cpuNode(1), groups: [], trials: [], inspecting: [] });
    const before = journaled();
    await agent.send('devices.load', load);
    // It is not answered itself.
    await agent.ask('agent.ping');
    expect((await client.ask('load.read', { points: 10 })).body).toMatchObject({
      nodes: [{ node: 'local', devices: [{ id: 'cpu0', loads: [0.5], memory: [0.25], now: device }] }]
    });
    expect(journaled()).toEqual(before);
  });
});
