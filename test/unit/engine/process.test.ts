import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../../src/engine/version.js';
import { inspection, spec } from '../session/sessionHarness.js';
import { FakePeer } from './fakePeer.js';

const BUNDLE = 'python-shim/jupyterlab_saturn/engine/engine.mjs';

let folder: string;
let child: ChildProcess;
let peers: FakePeer[];

function launch(log: 'pipe' | number = 'pipe'): void {
  child = spawn(
    process.execPath,
    [
      BUNDLE,
      ...['--session', 'test', '--folder', folder, '--journal', join(folder, 'journal.jsonl')],
      ...['--endpoint', `ipc://${join(folder, 'engine.sock')}`]
    ],
    { stdio: ['pipe', 'ignore', log], env: { ...process.env, SATURN_CACHE: join(folder, 'cache') } }
  );
}

function peer(): FakePeer {
  const made = new FakePeer(`ipc://${join(folder, 'engine.sock')}`);
  peers.push(made);
  return made;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-process-'));
  peers = [];
  launch();
});

afterEach(() => {
  for (const made of peers) {
    made.close();
  }
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe('the engine process', () => {
  it('leaves when the agent that holds its standard input is gone', async () => {
    await peer().ask('ping');
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('listens again, here and elsewhere, when it is told to, and keeps whom it has', async () => {
    const client = peer();
    await client.ask('ping');
    rmSync(join(folder, 'engine.sock'));
    for (const name of ['engine.sock', 'other.sock']) {
      const endpoint = `ipc://${join(folder, name)}`;
      child.stdin?.write(`${endpoint}\n`);
      const late = new FakePeer(endpoint);
      peers.push(late);
      expect((await late.ask('ping')).type).toBe('ok');
    }
    expect((await client.ask('ping')).type).toBe('ok');
  });

  it.runIf(existsSync('/dev/full'))('goes on though its log is on a full disk', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    launch(openSync('/dev/full', 'w'));
    const client = peer();
    await client.ask('ping');
    child.stdin?.write('nowhere\n'); // which it cannot do, and tells its log
    child.stdin?.write(`ipc://${join(folder, 'other.sock')}\n`);
    const late = new FakePeer(`ipc://${join(folder, 'other.sock')}`);
    peers.push(late);
    await late.ask('ping');
    expect((await client.ask('ping')).type).toBe('ok');
    expect(child.exitCode).toBeNull();
  });

  it('tells its version and the messages it understands without a session', () => {
    const about = JSON.parse(execFileSync(process.execPath, [BUNDLE, '--about'], { encoding: 'utf8' }));
    expect(about.version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
    expect(about.schema.directions).toHaveProperty('engine');
  });

  it('killed, is as it was when started again', async () => {
    const client = peer();
    await peer().enrol();
    await client.ask('tasks.add', { tasks: [spec('a'), spec('b')] });
    const before = await client.state();
    child.kill('SIGKILL');
    await once(child, 'exit');
    launch();
    const after = await peer().state();
    expect(after.tasks).toEqual(before.tasks);
    expect(after.agent).toBe('away');
  });

  it('plans in a thread with the real planner', async () => {
    const hands = await peer().enrol();
    const client = peer();
    await client.ask('tasks.add', { tasks: [spec('a'), spec('b'), spec('c')] });
    await client.ask('plan', { budget: { iterations: 200 } });
    for (const { name, hash } of (await hands.next('inspect')).tasks) {
      const result = { task: name, hash, inspection: inspection('same') };
      await hands.ask('inspect.results', { results: [result] });
    }
    for (let trial = 0; trial < 2; trial++) {
      const { trial, signature, strategy } = await hands.next('trial.start');
      const cell = { signature, strategy, status: 'ok', source: 'measured', stepSeconds: 0.6 };
      await hands.ask('trial.result', { trial, cell });
    }
    await client.ask('hello', { pid: 1, version: VERSION });
    const plan = (await client.sees(state => state.plan?.fresh === true)).plan?.plan;
    // Three tasks of 10 steps: two side by side then one on both devices, or two after one.
    expect(plan?.makespan).toBeCloseTo(12, 6);
    expect(plan?.baselines.length).toBeGreaterThanOrEqual(5);
  });

  // prlimit (util-linux) is where a process's file size can be limited, and freed, from outside.
  it.runIf(existsSync('/usr/bin/prlimit'))(
    'with a full disk refuses, keeps what agents say, and recovers',
    async () => {
      const limit = (bytes: string): void => {
        execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}`]);
      };
      const hands = await peer().enrol();
      const client = peer();
      await client.ask('tasks.add', { tasks: [spec('a')] });
      const journal = join(folder, 'journal.jsonl');
      const size = readFileSync(journal).length;
      limit(`${size + 50}:unlimited`);

      const refused = await client.ask('tasks.add', { tasks: [spec('b')] });
      expect(refused.type === 'error' && refused.body.error.code).toBe('disk-full');
      expect((await client.state()).tasks).toHaveLength(1);
      expect(readFileSync(journal).length).toBe(size);

      const told = { task: 'a', hash: 'h', inspection: inspection('sig') };
      const id = await hands.send('inspect.results', { results: [told] });
      expect((await client.state()).tasks[0]?.status).toBe('inspecting');
      expect(hands.heard.some(m => m.re === id)).toBe(false);

      limit('unlimited:unlimited');
      await hands.until(m => m.re === id && m.type === 'ok');
      expect((await client.state()).tasks[0]?.status).toBe('ready');
      expect((await client.ask('tasks.add', { tasks: [spec('b')] })).type).toBe('tasks.added');
    }
  );
});
