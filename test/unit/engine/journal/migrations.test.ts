import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planRequest } from '../../../../src/core/session/planRequest.js';
import { emptySession } from '../../../../src/core/session/session.js';
import { step } from '../../../../src/core/session/step.js';
import type { SessionEvent } from '../../../../src/core/wire/messages.js';
import { Journal } from '../../../../src/engine/journal/journal.js';
import { FORMAT, MIGRATIONS } from '../../../../src/engine/journal/migrations.js';
import { recordLine } from '../../../../src/engine/journal/recordLine.js';
import { SessionSnapshots } from '../../../../src/engine/journal/sessionSnapshots.js';
import {
  type IRestoredSession,
  openingEvents,
  restoreSession
} from '../../../../src/engine/restoredSession.js';
import { VERSION } from '../../../../src/engine/version.js';

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

describe('a journal of a time when a session had one node', () => {
  beforeEach(() => copyFileSync('test/fixtures/beforeNodes.jsonl', path));

  it('is gone on with: what trains goes on, and what was measured holds for its devices', () => {
    const { journal, restored } = open();
    const events = openingEvents(journal, restored, 2000);
    journal.dispose();
    expect(journal.damage).toBeUndefined();
    expect(events.map(({ kind }) => kind)).toContain('agent-away');
    const { cluster, nodes } = restored.session.state;
    const [node] = cluster!.nodes;
    expect(nodes).toMatchObject([{ id: 'node', state: 'connected', isOwn: true }]);
    const groups = [{ task: 'a', attempt: 1 }];
    const hello = { node: node!, groups, trials: [], inspecting: [] };
    const all: SessionEvent[] = [...events, { kind: 'agent-connected', hello }];
    let { session } = restored;
    const commands = all.flatMap((event, index) => {
      const next = step(session, event, 2000 + index);
      session = next.session;
      return next.commands;
    });
    const { tasks, cells, agent } = session.state;
    expect(agent).toBe('connected');
    expect(tasks.map(({ status, checkpointStep }) => [status, checkpointStep])).toEqual([
      ['running', 4],
      ['ready', undefined],
      ['ready', undefined]
    ]);
    expect(cells.map(({ status, model }) => [status, model])).toEqual([
      ['ok', 'A100'],
      ['ok', 'A100']
    ]);
    expect(commands.filter(({ kind }) => kind === 'stop' || kind === 'trial' || kind === 'inspect')).toEqual(
      []
    );
    expect(planRequest(session.state, 2000).tasks.map(({ name, options }) => [name, options.length])).toEqual(
      [
        ['a', 2],
        ['b', 2],
        ['c', 2]
      ]
    );
  });
});

it('a journal of format 2 whose rank groups told what was begun is read', () => {
  const created = { kind: 'created', session: 'fixture', version: VERSION };
  const group = { kind: 'group', event: { task: 'a', attempt: 1, kind: 'started', time: 5, step: 0 } };
  const strategy = { technique: 'single', devices: 1 };
  const attempt = { number: 1, strategy, node: 'node', devices: ['cpu0'], requestedAt: 4 };
  const told = [created, { ...group, begun: { attempt } }, { ...group, begun: null }];
  const lines = told.map((event, index) => recordLine({ v: 2, seq: index + 1, time: index, event } as never));
  writeFileSync(path, Buffer.concat(lines));
  const journal = Journal.open(path, () => undefined);
  const read = [...journal.recover()].map(({ event }) => event);
  journal.dispose();
  expect(journal.damage).toBeUndefined();
  expect(read).toEqual([created, group, group]);
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
