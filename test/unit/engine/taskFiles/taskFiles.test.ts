import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attempt, TaskState } from '../../../../src/core/wire/messages.js';
import { savedCheckpoints } from '../../../../src/engine/taskFiles/savedCheckpoints.js';
import { TaskCurves } from '../../../../src/engine/taskFiles/taskCurves.js';
import { readOutput } from '../../../../src/engine/taskFiles/taskOutput.js';
import { spec } from '../../session/sessionHarness.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-files-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function task(name: string, attempts = 0): TaskState {
  const strategy = { technique: 'single', devices: 1 };
  return {
    spec: spec(name),
    status: 'ready',
    attempts: Array.from({ length: attempts }, (_, i): Attempt => {
      const number = i + 1;
      return {
        number,
        strategy,
        node: 'node',
        devices: ['cpu0'],
        requestedAt: 0,
        startedAt: 5,
        fromStep: 3 * i
      };
    }),
    progress: { step: 0 }
  };
}

describe('what a task has printed', () => {
  it('is that of the first rank of its last attempt, unless another is asked for', async () => {
    write('tasks/a/attempt-1/rank0.log', 'one\n');
    write('tasks/a/attempt-2/rank10.log', 'ten\n');
    write('tasks/a/attempt-2/rank2.log', 'two\n');
    const path = write('tasks/a/attempt-2/rank0.log', 'zero\n');
    write('tasks/a/attempt-2/rank.log', 'none\n');
    expect(await readOutput(folder, task('a', 2), { task: 'a' })).toEqual({
      ...{ text: 'zero\n', attempt: 2, ranks: [0, 2, 10], attempts: [1, 2], cut: false, path }
    });
    expect(await readOutput(folder, task('a', 2), { task: 'a', attempt: 1 })).toMatchObject({
      text: 'one\n'
    });
    expect(await readOutput(folder, task('a', 2), { task: 'a', rank: 10 })).toMatchObject({ text: 'ten\n' });
    expect(await readOutput(folder, task('a', 2), { task: 'a', rank: 7 })).toMatchObject({ text: '' });
  });

  it('is that of the ranks of all nodes, of one that trains over several', async () => {
    write('tasks/a/attempt-1/rank0.log', 'zero\n');
    write('tasks/a/attempt-1/rank1.log', 'one\n');
    write('tasks/a/attempt-1/from-rank-2/rank0.log', 'two\n');
    const path = write('tasks/a/attempt-1/from-rank-2/rank1.log', 'three\n');
    const ranks = [0, 1, 2, 3];
    expect(await readOutput(folder, task('a', 1), { task: 'a' })).toMatchObject({ text: 'zero\n', ranks });
    const last = await readOutput(folder, task('a', 1), { task: 'a', rank: 3 });
    expect(last).toMatchObject({ text: 'three\n', ranks, path });
  });

  it('is that of its building before it is trained, which is there to be asked for later', async () => {
    const built = await readOutput(folder, task('a'), { task: 'a' });
    expect(built).toMatchObject({ text: '', attempt: 0, attempts: [] });
    write('inspections/a.log', 'built\n');
    expect(await readOutput(folder, task('a'), { task: 'a' })).toMatchObject({
      text: 'built\n',
      attempts: [0]
    });
    const later = await readOutput(folder, task('a', 1), { task: 'a', attempt: 0 });
    expect(later).toMatchObject({ text: 'built\n', attempts: [0, 1] });
    await expect(readOutput(folder, task('a', 1), { task: 'a', attempt: 3 })).rejects.toMatchObject({
      failure: { code: 'unknown-attempt', hint: 'There are: 1.' }
    });
  });

  it('is its end, from the beginning of a line where there is one', async () => {
    write('tasks/a/attempt-1/rank0.log', `${'é'.repeat(50)}\nlast line\n`);
    const end = (bytes: number) => readOutput(folder, task('a', 1), { task: 'a', bytes });
    expect(await end(20)).toMatchObject({ text: 'last line\n', cut: true });
    expect(await end(5)).toMatchObject({ text: 'line\n', cut: true });
    expect(await end(1000)).toMatchObject({ cut: false });
  });
});

describe('what a task has saved', () => {
  function save(place: string, step: number, files: object, of = 'h', attempt = ''): string {
    const name = `tasks/a/${place}/step-${String(step).padStart(9, '0')}${attempt}`;
    const manifest = { v: 1, step, identity: `${of}/seed-0`, files };
    utimesSync(write(`${name}/manifest.json`, JSON.stringify(manifest)), 50, 50);
    return join(folder, name);
  }

  it('is told with its size, oldest step first', async () => {
    const size = (bytes: number) => ({ size: bytes, crc32: 0 });
    const last = save('checkpoints', 20, { a: size(10), b: size(5) });
    const first = save('checkpoints', 10, { a: size(10) });
    const final = save('checkpoints/final', 20, { weights: size(7) });
    const best = save('checkpoints/best', 15, { weights: size(7) });
    const tried = save('checkpoints', 25, { a: size(9) }, 'h', '-12');
    save('checkpoints', 5, {}, 'another');
    write('tasks/a/checkpoints/step-000000035-2.tmp/manifest.json', '{}');
    write('tasks/a/checkpoints/step-000000030.tmp/manifest.json', '{}');
    write('tasks/a/checkpoints/step-000000040/manifest.json', '{');
    expect(await savedCheckpoints(folder, spec('a'))).toEqual([
      { step: 10, path: first, bytes: 10, savedAt: 50, kind: 'checkpoint' },
      { step: 15, path: best, bytes: 7, savedAt: 50, kind: 'best' },
      { step: 20, path: last, bytes: 15, savedAt: 50, kind: 'checkpoint' },
      { step: 20, path: final, bytes: 7, savedAt: 50, kind: 'final' },
      { step: 25, path: tried, bytes: 9, savedAt: 50, kind: 'checkpoint' }
    ]);
    expect(await savedCheckpoints(folder, spec('b'))).toEqual([]);
  });

  it.each([
    '{"files":{}}',
    '{"step":"1","files":{}}',
    '{"step":1e99,"files":{}}',
    '{"step":1,"files":{"a":{"size":-7}}}',
    '{"step":1,"files":{"a":{"size":"7"}}}',
    '{"step":1,"files":[null]}',
    'null'
  ])('is not what makes no sense: %s', async manifest => {
    write('tasks/a/native/step-1/manifest.json', manifest);
    expect(await savedCheckpoints(folder, spec('a'))).toEqual([]);
  });

  it('is what its own loop has saved as well, once that is whole', async () => {
    const own = save('native', 3, { state: { size: 4 } }, 'native/h');
    write('tasks/a/native/checkpoint-9/model.bin', 'x'.repeat(100));
    expect(await savedCheckpoints(folder, spec('a'))).toMatchObject([{ step: 3, path: own }]);
    utimesSync(write('tasks/a/native/checkpoint-9/saturn-identity', 'native/h'), 60, 60);
    write('tasks/a/native/checkpoint-9/deep/state.bin', 'x'.repeat(10));
    expect(await savedCheckpoints(folder, spec('a'))).toMatchObject([
      { step: 3 },
      {
        step: 9,
        path: join(folder, 'tasks/a/native/checkpoint-9'),
        bytes: 118,
        savedAt: 60,
        kind: 'checkpoint'
      }
    ]);
  });
});

describe('curves', () => {
  const lines = (steps: number, first = 1): string =>
    Array.from(
      { length: steps },
      (_, i) => `${JSON.stringify({ step: first + i, time: i, loss: 1 })}\n`
    ).join('');

  it('of many tasks are shorter each, so that the answer can be sent', async () => {
    const tasks = Array.from({ length: 200 }, (_, i) => task(`t${i}`));
    for (const { spec } of tasks) {
      write(`tasks/${spec.name}/log.jsonl`, lines(600));
    }
    const curves = new TaskCurves(folder);
    const names = tasks.map(({ spec }) => spec.name);
    let told = await curves.read(tasks, { tasks: names, metric: 'loss', points: 500 });
    while (told.some(({ unread }) => unread !== undefined)) {
      told = await curves.read(tasks, { tasks: names, metric: 'loss', points: 500 });
    }
    expect(told.map(({ task }) => task)).toEqual(names);
    expect(new Set(told.map(({ steps }) => steps.length))).toEqual(new Set([150]));
    expect(new Set(told.map(({ last }) => last))).toEqual(new Set([600]));
    const [one] = await curves.read(tasks, { tasks: ['t7'], metric: 'loss', points: 500 });
    expect(one!.steps).toHaveLength(500);
    curves.dispose();
  });

  it('tell the attempts that trained, and begin anew with a task of the same name', async () => {
    const file = write('tasks/a/log.jsonl', lines(3));
    const curves = new TaskCurves(folder);
    const request = { tasks: ['a', 'a'], metric: 'loss', points: 10 };
    const [curve, ...more] = await curves.read([task('a', 2)], request);
    expect(more).toEqual([]);
    expect(curve).toMatchObject({
      last: 3,
      segments: [
        { step: 0, attempt: 1 },
        { step: 3, attempt: 2, time: 5 }
      ]
    });
    expect(await curves.read([], request)).toEqual([]);
    rmSync(file);
    expect(await curves.read([task('a')], request)).toMatchObject([{ last: 0, steps: [], segments: [] }]);
    curves.dispose();
  });

  it('of evaluations go on after the last evaluation, whatever steps were logged meanwhile', async () => {
    const evaluated = (step: number): string =>
      `${JSON.stringify({ step, time: step, eval: { accuracy: step } })}\n`;
    let text = lines(5) + evaluated(5) + lines(5, 6);
    write('tasks/a/log.jsonl', text);
    const curves = new TaskCurves(folder);
    const request = { tasks: ['a'], metric: 'eval/accuracy', points: 100 };
    expect(await curves.read([task('a')], request)).toMatchObject([{ steps: [5], last: 5 }]);
    text += evaluated(10);
    write('tasks/a/log.jsonl', text);
    const [more] = await curves.read([task('a')], { ...request, from: 6 });
    expect(more).toMatchObject({ steps: [10], last: 10 });
    expect(await curves.read([task('a')], { ...request, metric: 'loss' })).toMatchObject([{ last: 10 }]);
    curves.dispose();
  });

  it('are another edition once steps were trained again, however far those have come', async () => {
    let text = lines(10);
    write('tasks/a/log.jsonl', text);
    const curves = new TaskCurves(folder);
    const editionWith = async (more: string): Promise<string> => {
      text += more;
      write('tasks/a/log.jsonl', text);
      const [curve] = await curves.read([task('a')], { tasks: ['a'], metric: 'loss', points: 10 });
      return curve!.edition;
    };
    const first = await editionWith('');
    expect(await editionWith(lines(5, 11))).toBe(first);
    expect(await editionWith(lines(1, 15))).toBe(first); // the same step, told in full
    const second = await editionWith(lines(20, 8));
    expect(second).not.toBe(first);
    expect(await editionWith(lines(5, 28))).toBe(second);
    text = '';
    expect(await editionWith(lines(3))).not.toBe(second);
    curves.dispose();
  });

  it('go on where they were', async () => {
    write('tasks/a/log.jsonl', lines(3000));
    const curves = new TaskCurves(folder);
    const request = { tasks: ['a'], metric: 'loss', points: 100 };
    expect(await curves.read([task('a')], request)).toMatchObject([{ last: 3000 }]);
    write('tasks/a/log.jsonl', lines(3004));
    const [more] = await curves.read([task('a')], { ...request, from: 3001 });
    expect(more).toMatchObject({ steps: [3001, 3002, 3003, 3004], last: 3004 });
    expect(more).not.toHaveProperty('low');
    curves.dispose();
  });
});
