import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptySession } from '../../../../src/core/session/session.js';
import { Journal } from '../../../../src/engine/journal/journal.js';
import { FORMAT, MIGRATIONS } from '../../../../src/engine/journal/migrations.js';
import { SessionSnapshots } from '../../../../src/engine/journal/sessionSnapshots.js';
import { type IRestoredSession, restoreSession } from '../../../../src/engine/restoredSession.js';

/** A journal of each format, of the same run: three tasks of a sweep were trained on two devices. */
const JOURNALS = 'test/fixtures/journals';

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'saturn-migrations-')), 'journal.jsonl');
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

function open(): { journal: Journal; restored: IRestoredSession } {
  const journal = Journal.open(path, () => undefined);
  const snapshots = new SessionSnapshots(Journal.archiveOf(path), 'build');
  return { journal, restored: restoreSession(journal, snapshots, emptySession('fixture', '/tmp/fixture')) };
}

describe.each(readdirSync(JOURNALS))('the journal %s', name => {
  beforeEach(() => copyFileSync(join(JOURNALS, name), path));

  it('tells the whole session', () => {
    const { journal, restored } = open();
    journal.dispose();
    expect(journal.damage).toBeUndefined();
    const { tasks, goal, cells, run } = restored.session.state;
    expect(tasks.map(({ spec, status, checkpointStep }) => [spec.name, status, checkpointStep])).toEqual([
      ['line-0.1', 'finished', 16],
      ['line-0.01', 'finished', 16],
      ['line-0.001', 'finished', 16]
    ]);
    expect(tasks.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
      ['finished'],
      ['finished'],
      ['finished']
    ]);
    expect(cells.filter(cell => cell.source === 'measured')).not.toEqual([]);
    expect([goal, run?.endedAt !== undefined]).toEqual(['none', true]);
  });

  it('is gone on with', () => {
    const { journal, restored } = open();
    journal.append({ kind: 'reset' }, 2e9);
    journal.dispose();
    const again = open();
    again.journal.dispose();
    expect(again.journal.seq).toBe(journal.seq);
    expect(restored.session.state.tasks).toHaveLength(3);
    expect(again.restored.session.state.tasks).toEqual([]);
  });
});

it('there is a journal of each format, and a way up from all older ones', () => {
  expect(MIGRATIONS).toHaveLength(FORMAT - 1);
  const formats = readdirSync(JOURNALS).map(name =>
    readFileSync(join(JOURNALS, name), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).v)
  );
  expect(formats.map(all => [...new Set(all)])).toEqual(Array.from({ length: FORMAT }, (_, i) => [i + 1]));
});
