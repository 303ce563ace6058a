import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { failureOf } from '../../../src/core/wire/messages.js';
import type { History } from '../../../src/engine/history.js';
import { Journal } from '../../../src/engine/journal/journal.js';
import { recordLine } from '../../../src/engine/journal/recordLine.js';
import { SessionSnapshots } from '../../../src/engine/journal/sessionSnapshots.js';
import { JournalCompaction } from '../../../src/engine/journalCompaction.js';
import { type IRestoredSession, restoreSession } from '../../../src/engine/restoredSession.js';
import { VERSION } from '../../../src/engine/version.js';
import { SessionHarness, spec } from '../session/sessionHarness.js';

const TASKS = 3;
const CHECKPOINTS = 300;
const EMPTY = emptySession('test', '/tmp/test');
const LOG = trained().log;

let folder: string;
let path: string;
/** How many records were read, each time that the journal was asked. */
let read: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-history-'));
  path = join(folder, 'journal.jsonl');
  read = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

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

/** The session after each record, and when. */
const TRUTH: { time: number; session: ISession }[] = [];
for (const { event, time } of LOG) {
  TRUTH.push({ time, session: step(TRUTH.at(-1)?.session ?? EMPTY, event, time).session });
}
const PLANNED = TRUTH.findIndex(({ session }) => session.state.plan !== undefined);

/** Write the whole log, with snapshots after some records. */
function write(...snapshotsAfter: number[]): void {
  const journal = Journal.open(path, () => undefined);
  const snapshots = new SessionSnapshots(Journal.archiveOf(path), 'build');
  const { history } = restoreSession(journal, snapshots, EMPTY);
  for (const [index, { event, time, begun }] of LOG.entries()) {
    const seq = index + 1;
    const { session } = TRUTH[index]!;
    journal.append(event, time, begun);
    history.note(seq, time, session);
    if (snapshotsAfter.includes(seq)) {
      const { index } = history;
      journal.beginPart(() => snapshots.write({ seq, time, version: VERSION, session, index }));
      history.noteSnapshot(seq, time, session);
    }
  }
  journal.dispose();
}

/** The session as an engine finds it that is started. */
function restored(build = 'build'): IRestoredSession & { damage: Journal['damage'] } {
  const journal = Journal.open(path, () => undefined);
  const all = journal.read.bind(journal);
  journal.read = function* (after, last) {
    read.push(last - after);
    yield* all(after, last);
  };
  const found = restoreSession(journal, new SessionSnapshots(Journal.archiveOf(path), build), EMPTY);
  journal.dispose();
  return { ...found, damage: journal.damage };
}

async function expectTruth(history: History, every: number): Promise<void> {
  for (let index = PLANNED; index < TRUTH.length; index += every) {
    const { time, session } = TRUTH[index]!;
    expect(await history.stateAt(time + 0.5, 1e9)).toEqual(session.state);
  }
}

const codeAt = (history: History, time: number, now = 1e9): Promise<string> =>
  history.stateAt(time, now).then(
    () => 'none',
    (error: unknown) => failureOf(error).code
  );

it('is what had happened by then, at any time, and little is replayed for it', async () => {
  expect(TRUTH.length).toBeGreaterThan(TASKS * CHECKPOINTS);
  write();
  await expectTruth(restored().history, 7);
  expect(Math.max(...read)).toBeLessThanOrEqual(8);
});

it('goes on from a snapshot exactly, and reaches before it', async () => {
  write(300, 600);
  const { session, history, replayed } = restored();
  expect(replayed).toBe(TRUTH.length - 600);
  expect(session).toStrictEqual(TRUTH.at(-1)!.session);
  await expectTruth(history, 41);
  expect(Math.max(...read)).toBeLessThanOrEqual(301);
  expect(await codeAt(history, TRUTH[PLANNED]!.time - 0.5)).toBe('no-plan-then');
});

it('does without snapshots that are damaged, or of another program', async () => {
  write(300, 600);
  writeFileSync(join(folder, 'history', '600.snapshot'), 'torn');
  const { session, history, replayed } = restored();
  expect(replayed).toBe(TRUTH.length - 300);
  expect(session).toStrictEqual(TRUTH.at(-1)!.session);
  await expectTruth(history, 83);

  const other = restored('another build');
  expect(other.replayed).toBe(TRUTH.length);
  expect(other.session).toStrictEqual(TRUTH.at(-1)!.session);
  await expectTruth(other.history, 83);
});

describe('snapshots of another program', () => {
  const snapshotsIn = (...below: string[]): string[] =>
    readdirSync(join(folder, 'history', ...below)).filter(name => name.endsWith('.snapshot'));

  it('stay where they are when what that one wrote cannot be read', () => {
    write(300, 600);
    const { time, event } = LOG[0]!;
    const line = recordLine({ v: 9, seq: LOG.length + 1, time, event } as never);
    appendFileSync(path, line);
    expect(() => restored('another build')).toThrow(/version/);
    expect(snapshotsIn()).toEqual(['300.snapshot', '600.snapshot']);
    writeFileSync(path, readFileSync(path).subarray(0, -line.length));
    expect(restored().replayed).toBe(TRUTH.length - 600);
  });

  it('are removed once there is one of the program that runs', async () => {
    write(300, 600);
    const journal = Journal.open(path, () => undefined);
    const snapshots = new SessionSnapshots(Journal.archiveOf(path), 'another build');
    const { session, history } = restoreSession(journal, snapshots, EMPTY);
    expect(snapshotsIn()).toEqual(['300.snapshot', '600.snapshot']);
    const logged: string[] = [];
    const log = (line: string): void => void logged.push(line);
    const compaction = new JournalCompaction({ journal, snapshots, history, now: () => 1e9, log });
    compaction.beginPart(session);
    await compaction.settled();
    journal.dispose();
    expect(snapshotsIn()).toEqual([`${LOG.length}.snapshot`]);
    expect(logged).toEqual([]);
    expect(restored('another build').replayed).toBe(0);
  });

  it('are set aside with the damaged part whose end they tell', () => {
    write(300, 600);
    const part = join(folder, 'history', '1-300.jsonl');
    writeFileSync(part, readFileSync(part, 'utf8').replace('"checkpoint"', '"checkpoynt"'));
    const { damage } = restored('another build');
    expect(snapshotsIn()).toEqual([]);
    expect(snapshotsIn(basename(damage!.folder))).toEqual(['300.snapshot', '600.snapshot']);
  });
});

it('keeps the name and folder that it has now', () => {
  write(300);
  const journal = Journal.open(path, () => undefined);
  const snapshots = new SessionSnapshots(Journal.archiveOf(path), 'build');
  const { session } = restoreSession(journal, snapshots, emptySession('moved', '/elsewhere'));
  journal.dispose();
  expect(session.state).toMatchObject({ session: 'moved', folder: '/elsewhere' });
});

it('says so where there was no plan, or nobody knows yet', async () => {
  write();
  const { history } = restored();
  const planned = TRUTH[PLANNED]!.time;
  expect(await codeAt(history, 0)).toBe('no-plan-then');
  expect(await codeAt(history, planned - 0.5)).toBe('no-plan-then');
  expect(await codeAt(history, planned)).toBe('none');
  expect(await codeAt(history, planned + 10, planned + 9)).toBe('time-to-come');
});
