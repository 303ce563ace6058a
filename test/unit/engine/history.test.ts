import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { failureOf, type SessionRecord } from '../../../src/core/wire/messages.js';
import { History } from '../../../src/engine/history.js';
import { Journal } from '../../../src/engine/journal.js';
import { SessionHarness, spec } from '../session/sessionHarness.js';

const TASKS = 3;
const CHECKPOINTS = 300;

let folder: string;
let journal: Journal;
let history: History;
let read: number[];
/** The session after each record, and when. */
let truth: { time: number; session: ISession }[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-history-'));
  const path = join(folder, 'journal.jsonl');
  const lines = trained().log.map((record, index) => JSON.stringify({ v: 1, seq: index + 1, ...record }));
  writeFileSync(path, `${lines.join('\n')}\n`);
  const opened = Journal.open(path);
  journal = opened.journal;
  read = [];
  truth = [];
  history = new History({
    get seq() {
      return journal.seq;
    },
    read: (after, last): SessionRecord[] => {
      read.push(last - after);
      return journal.read(after, last);
    }
  });
  let session = emptySession('test', '/tmp/test');
  for (const { seq, event, time } of opened.records) {
    session = step(session, event, time).session;
    history.note(seq, time, session);
    truth.push({ time, session });
  }
});

afterAll(() => {
  journal.dispose();
  rmSync(folder, { recursive: true });
});

/** Tasks that save very often, one after the other; another is added in the middle. */
function trained(): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: Array.from({ length: TASKS }, (_, i) => spec(`t${i}`)) });
  sim.settle();
  sim.feed({ kind: 'run-requested', switches: 'never' });
  while (sim.pending.length > 0) {
    const command = sim.pending.shift()!;
    if (command.kind === 'start') {
      const { task, attempt, steps } = command.body;
      sim.group(task.name, attempt, 'started', { step: 0 });
      for (let i = 0; i < CHECKPOINTS; i++) {
        sim.group(task.name, attempt, 'checkpoint', { step: Math.floor((i * steps) / CHECKPOINTS) });
      }
      sim.group(task.name, attempt, 'finished', { step: steps, loss: 0.1 });
    } else {
      sim.perform(command);
    }
  }
  return sim;
}

const codeAt = (time: number, now = 1e9): Promise<string> =>
  history.stateAt(time, now).then(
    () => 'none',
    (error: unknown) => failureOf(error).code
  );

it('is what had happened by then, at any time, and little is replayed for it', async () => {
  expect(truth.length).toBeGreaterThan(TASKS * CHECKPOINTS);
  const planned = truth.findIndex(({ session }) => session.state.plan !== undefined);
  for (let index = planned; index < truth.length; index += 7) {
    const { time, session } = truth[index]!;
    expect(await history.stateAt(time + 0.5, 1e9)).toEqual(session.state);
  }
  expect(Math.max(...read)).toBeLessThanOrEqual(8);
});

it('says so where there was no plan, or nobody knows yet', async () => {
  const planned = truth.find(({ session }) => session.state.plan !== undefined)!.time;
  expect(await codeAt(0)).toBe('no-plan-then');
  expect(await codeAt(planned - 0.5)).toBe('no-plan-then');
  expect(await codeAt(planned)).toBe('none');
  expect(await codeAt(planned + 10, planned + 9)).toBe('time-to-come');
});
