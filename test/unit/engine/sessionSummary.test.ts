import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { validate } from '../../../src/core/wire/messages.js';
import { SessionSummaryFile } from '../../../src/engine/sessionSummary.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';

let folder: string;
let now: number;
let logged: string[];
let file: SessionSummaryFile;

const read = () => JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));

function opened(): SessionSummaryFile {
  return new SessionSummaryFile({
    path: join(folder, 'summary.json'),
    now: () => now,
    log: line => logged.push(line)
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-summary-'));
  now = 100;
  logged = [];
  file = opened();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('tells how far the session is, and since when it does anything', () => {
  file.note(plannedState());
  const idle = read();
  validate('SessionSummary', idle);
  expect(idle).toMatchObject({ goal: 'none', running: 0, since: 100 });
  now = 200;
  file.note(runningState());
  expect(read()).toMatchObject({ goal: 'run', tasks: runningState().tasks.length, since: 200 });
  now = 300;
  const [first, ...rest] = runningState().tasks;
  file.note({ ...runningState(), tasks: [{ ...first!, status: 'finished' }, ...rest] });
  expect(read().since).toBe(200);
  expect(readdirSync(folder)).toEqual(['summary.json']);
});

it('goes on with what the engine before has told, if that makes sense', () => {
  file.note(runningState());
  now = 200;
  opened().note(runningState());
  expect(read().since).toBe(100);
  writeFileSync(join(folder, 'summary.json'), '{"goal":"run","since":"yesterday"}');
  opened().note(runningState());
  expect(read().since).toBe(200);
});

it('is not written again while it says the same', () => {
  file.note(plannedState());
  rmSync(join(folder, 'summary.json'));
  file.note({ ...plannedState(), rev: 99 });
  expect(readdirSync(folder)).toEqual([]);
});

it('says in the log that it cannot be written', () => {
  rmSync(folder, { recursive: true });
  file.note(plannedState());
  expect(logged).toHaveLength(1);
});
