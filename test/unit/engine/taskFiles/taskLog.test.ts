import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ILogQuery, TaskLog } from '../../../../src/engine/taskFiles/taskLog.js';
import { anyAttempts, type IRow, logOf } from './logFile.js';

const WHOLE: ILogQuery = { metric: 'loss', points: 1e6, from: 0, to: 1e9, reread: 1e6 };
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-log-'));
  path = join(folder, 'log.jsonl');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What a log tells of a file as it is now. */
async function told(log: TaskLog, query: Partial<ILogQuery> = {}): Promise<IRow[]> {
  await log.update();
  const { steps, values } = await log.read({ ...WHOLE, ...query });
  return steps.map((step, i) => ({ step, value: values[i]! }));
}

const lineOf = (step: number, loss: number | null = step): string =>
  `${JSON.stringify({ step, time: step, loss })}\n`;

describe('a log that is read as it grows', () => {
  it('tells the last line of each step, in whatever pieces it was written', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyAttempts,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        async (attempts, cuts) => {
          const file = logOf(attempts);
          const bytes = Buffer.from(file.text);
          const places = cuts.map(cut => Math.floor(cut * bytes.length)).sort((a, b) => a - b);
          rmSync(path, { force: true });
          const log = new TaskLog(path);
          for (const [i, place] of [...places, bytes.length].entries()) {
            appendFileSync(path, bytes.subarray(places[i - 1] ?? 0, place));
            await log.update();
          }
          expect(await told(log)).toEqual(file.loss);
          expect(await told(log, { metric: 'eval/accuracy' })).toEqual(file.accuracy);
          expect(log.lastStep('loss')).toBe(file.loss.at(-1)!.step);
          for (const points of [2, 100, 700]) {
            const query = { ...WHOLE, points, reread: 0 };
            const fresh = new TaskLog(path);
            await fresh.update();
            expect(await log.read(query)).toEqual(await fresh.read(query));
          }
        }
      ),
      { numRuns: 40 }
    );
  });

  it('leaves no extreme out, and no step, when it thins', async () => {
    await fc.assert(
      fc.asyncProperty(anyAttempts, fc.integer({ min: 2, max: 900 }), async (attempts, points) => {
        const { text, loss } = logOf(attempts);
        writeFileSync(path, text);
        const log = new TaskLog(path);
        await log.update();
        const { steps, values, times, low = values, high = values } = await log.read({ ...WHOLE, points });
        expect(steps.length).toBeLessThanOrEqual(points);
        expect(steps.at(-1)).toBe(loss.at(-1)!.step);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        let row = 0;
        for (const [i, step] of steps.entries()) {
          const found: number[] = [];
          for (; row < loss.length && loss[row]!.step <= step; row++) {
            found.push(...(loss[row]!.value === null ? [] : [loss[row]!.value!]));
          }
          expect(low[i]).toBe(found.length === 0 ? null : Math.min(...found));
          expect(high[i]).toBe(found.length === 0 ? null : Math.max(...found));
          const mean = found.reduce((sum, value) => sum + value, 0) / Math.max(1, found.length);
          expect(Math.abs((values[i] ?? 0) - mean)).toBeLessThanOrEqual(1e-4 * mean);
        }
        expect(row).toBe(loss.length);
      }),
      { numRuns: 40 }
    );
  });

  it('tells a window step by step', async () => {
    await fc.assert(
      fc.asyncProperty(anyAttempts, fc.nat(4000), fc.nat(300), async (attempts, from, length) => {
        const { text, loss } = logOf(attempts);
        writeFileSync(path, text);
        const to = from + length;
        const rows = loss.filter(({ step }) => step >= from && step <= to);
        expect(await told(new TaskLog(path), { from, to })).toEqual(rows);
      }),
      { numRuns: 40 }
    );
  });
});

it('ignores a line that is not whole until it is', async () => {
  const log = new TaskLog(path);
  writeFileSync(path, lineOf(1) + lineOf(2).slice(0, 12));
  expect(await told(log)).toEqual([{ step: 1, value: 1 }]);
  appendFileSync(path, lineOf(2).slice(12));
  expect(await told(log)).toEqual([
    { step: 1, value: 1 },
    { step: 2, value: 2 }
  ]);
});

it('passes over what says nothing', async () => {
  const long = JSON.stringify({ step: 3, time: 3, loss: 3, note: 'x'.repeat(600_000) });
  const lines = ['', 'null', '[]', '{}', '{"step":-1,"loss":1}', '{"step":1.5,"loss":1}', '\u0000', long];
  writeFileSync(path, `${lines.join('\n')}\n{"step":4,"time":4,"loss":"4"}\n${lineOf(5)}`);
  const log = new TaskLog(path);
  expect(await told(log)).toEqual([{ step: 5, value: 5 }]);
  expect(log.metrics).toEqual(['loss']);
});

it('tells what is no number as null', async () => {
  writeFileSync(
    path,
    '{"step": 1, "time": 1, "loss": NaN, "lr": -Infinity}\n{"step":2,"time":2,"loss":1e999}\n'
  );
  expect(await told(new TaskLog(path))).toEqual([
    { step: 1, value: null },
    { step: 2, value: null }
  ]);
});

it('knows all metrics by name, and which are of evaluations', async () => {
  const lines = [
    { step: 1, time: 1, loss: 1, lr: 0.1, metrics: { accuracy: 0.5, loss: 9, 'große Zahl': 3 } },
    { step: 2, time: 2, loss: 2, metrics: { accuracy: 0.6 }, unknown: 7 },
    { step: 2, time: 2, eval: { accuracy: 0.6, loss: 1 } },
    { step: 2, time: 3, eval: { accuracy: 0.7 } }
  ];
  writeFileSync(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  const log = new TaskLog(path);
  expect(await told(log, { metric: 'accuracy' })).toEqual([
    { step: 1, value: 0.5 },
    { step: 2, value: 0.6 }
  ]);
  expect(await told(log, { metric: 'eval/accuracy' })).toEqual([{ step: 2, value: 0.7 }]);
  expect(await told(log, { metric: 'eval/loss' })).toEqual([{ step: 2, value: 1 }]);
  expect(await told(log, { metric: 'große Zahl' })).toEqual([{ step: 1, value: 3 }]);
  expect(await told(log, { metric: 'unknown' })).toEqual([]);
  expect(log.metrics).toEqual([
    'loss',
    'lr',
    'accuracy',
    'metrics/loss',
    'große Zahl',
    'eval/accuracy',
    'eval/loss'
  ]);
});

it('stays within bounds whatever is logged', async () => {
  const metrics = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`m${i}`, i]));
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify({ step: i + 1, time: i, metrics }));
  writeFileSync(path, `${lines.join('\n')}\n`);
  const log = new TaskLog(path);
  await log.update();
  expect(log.metrics).toHaveLength(256);
  const { steps, values } = await log.read({ ...WHOLE, metric: 'm7', points: 100, reread: 0 });
  expect(new Set(values)).toEqual(new Set([7]));
  expect(steps.at(-1)).toBe(300);
});

describe('a file that is another one', () => {
  it('is read anew when it was put in the place of the old one', async () => {
    const log = new TaskLog(path);
    writeFileSync(path, lineOf(1) + lineOf(2));
    await log.update();
    writeFileSync(`${path}.new`, lineOf(1, 5) + lineOf(2, 6) + lineOf(3, 7));
    renameSync(`${path}.new`, path);
    expect((await told(log)).map(({ value }) => value)).toEqual([5, 6, 7]);
  });

  it('is read anew when it became shorter', async () => {
    const log = new TaskLog(path);
    writeFileSync(path, lineOf(1) + lineOf(2));
    await log.update();
    truncateSync(path);
    writeFileSync(path, lineOf(1, 9));
    expect(await told(log)).toEqual([{ step: 1, value: 9 }]);
  });

  it('is nothing when it is gone, or no file', async () => {
    const log = new TaskLog(path);
    expect(await told(log)).toEqual([]);
    writeFileSync(path, lineOf(1));
    expect(await told(log)).toHaveLength(1);
    rmSync(path);
    expect(await told(log)).toEqual([]);
    mkdirSync(path);
    expect(await told(log)).toEqual([]);
    expect(log.lastStep('loss')).toBe(0);
  });
});
