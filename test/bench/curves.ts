/** What curves of long trainings cost the engine: to read them first, to tell them again, to keep them in memory. */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Curve, TaskState } from '../../src/core/wire/messages.js';
import { TaskCurves } from '../../src/engine/taskFiles/taskCurves.js';

/** Tasks whose curves a view asks for at once. */
const AT_ONCE = 50;

/** How often a question is asked. */
const ROUNDS = 5;

const POINTS = 500;

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '300' },
    steps: { type: 'string', default: '100000' }
  }
});
const count = Number(values.tasks);
const steps = Number(values.steps);
const session = mkdtempSync(join(tmpdir(), 'saturn-curves-'));
const names = Array.from({ length: count }, (_, i) => `task-${i}`);
const tasks = names.map(
  name =>
    ({ spec: { name }, status: 'finished', attempts: [], progress: { step: steps } }) as unknown as TaskState
);

/** A log as ranks write it, in nine digits. */
function logText(): string {
  const nine = (value: number): number => Number(value.toPrecision(9));
  return Array.from({ length: steps }, (_, i) => {
    const line = {
      step: i + 1,
      time: Number((1.76e9 + i / 12).toFixed(3)),
      loss: nine(3 / Math.sqrt(i + 1) + Math.random()),
      lr: nine(1e-3 * (1 - i / steps)),
      grad_norm: nine(Math.random()),
      step_seconds: nine(0.08 + Math.random() / 1000),
      samples_per_second: 384.7321,
      peak_bytes: 12_345_678_901
    };
    return `${JSON.stringify(line)}\n`;
  }).join('');
}

/** One file under as many names: what matters is how often it is read. */
function writeLogs(): string {
  const file = join(session, 'log.jsonl');
  writeFileSync(file, logText());
  for (const name of names) {
    mkdirSync(join(session, 'tasks', name), { recursive: true });
    linkSync(file, join(session, 'tasks', name, 'log.jsonl'));
  }
  return file;
}

const cpuSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

/** Bytes of arrays that are still in use. */
async function keptBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  await new Promise(setImmediate); // what was collected gives its memory back later
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Ask until all was read; how often that took. */
async function readAll(curves: TaskCurves): Promise<number> {
  for (let asked = 1; ; asked++) {
    const told = await curves.read(tasks, { tasks: names, metric: 'loss', points: POINTS });
    if (told.every(({ unread }) => unread === undefined)) {
      return asked;
    }
  }
}

/** Ask for the curves of some tasks, as many at once as a view does; prints what it takes. */
async function ask(
  what: string,
  curves: TaskCurves,
  of: readonly string[],
  window: object = {}
): Promise<void> {
  const before = process.cpuUsage();
  const start = performance.now();
  let told: Curve[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    told = [];
    for (let i = 0; i < of.length; i += AT_ONCE) {
      const request = { tasks: of.slice(i, i + AT_ONCE), metric: 'loss', points: POINTS, ...window };
      const answer = await curves.read(tasks, request);
      bytes += JSON.stringify(answer).length;
      told.push(...answer);
    }
  }
  const points = told.reduce((sum, curve) => sum + curve.steps.length, 0) / of.length;
  const [seconds, wall] = [cpuSeconds(before) / ROUNDS, (performance.now() - start) / ROUNDS];
  console.log(
    `${what.padEnd(34)} ${(seconds * 1000).toFixed(0).padStart(6)} ms CPU ${wall.toFixed(0).padStart(6)} ms ${points
      .toFixed(0)
      .padStart(5)} points each ${(bytes / ROUNDS / 1000).toFixed(0).padStart(6)} kB`
  );
}

/** What it takes without any of this: to read a file as a whole and to make objects of its lines. */
function readPlainly(file: string): void {
  const before = process.cpuUsage();
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { loss: number });
  console.log(
    `one, by JSON.parse of the whole    ${(cpuSeconds(before) * 1000).toFixed(0).padStart(6)} ms CPU, ${rows.length} lines`
  );
}

try {
  const file = writeLogs();
  console.log(`${count} tasks of ${steps} steps, ${(statSync(file).size / 1e6).toFixed(0)} MB a log`);
  const curves = new TaskCurves(session);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const [memory, before, start] = [await keptBytes(), process.cpuUsage(), performance.now()];
  delay.enable();
  const asked = await readAll(curves);
  delay.disable();
  console.log(
    `read first: ${cpuSeconds(before).toFixed(1)} s CPU, ${((performance.now() - start) / 1000).toFixed(1)} s, ` +
      `asked ${asked} times; others waited ${(delay.percentile(99) / 1e6).toFixed(0)} ms at most in 99 of 100 cases; ` +
      `kept: ${(((await keptBytes()) - memory) / 1e6).toFixed(0)} MB`
  );
  const middle = Math.floor(steps / 2);
  await ask('all', curves, names);
  await ask('all, what is new', curves, names, { from: steps + 1 });
  await ask('all, the last 30 steps', curves, names, { from: steps - 29 });
  await ask('one', curves, names.slice(0, 1));
  await ask('one, a window of 1,000 steps', curves, names.slice(0, 1), { from: middle, to: middle + 999 });
  await ask('one, a window of 20,000 steps', curves, names.slice(0, 1), {
    from: middle,
    to: middle + 19_999
  });
  readPlainly(file);
  curves.dispose();
} finally {
  rmSync(session, { recursive: true });
}
