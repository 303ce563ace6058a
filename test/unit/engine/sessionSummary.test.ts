import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-summary-'));
  now = 100;
  logged = [];
  file = new SessionSummaryFile({
    path: join(folder, 'summary.json'),
    now: () => now,
    log: line => logged.push(line)
  });
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
