import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { Plan, ProfileCell, SessionEvent } from '../../../src/core/wire/messages.js';
import { CacheSync } from '../../../src/engine/cacheSync.js';
import { ProfileCache } from '../../../src/engine/profileCache.js';
import { cpuNode, inspection, spec } from '../session/sessionHarness.js';

const plain = cpuNode(1);
const node = {
  ...plain,
  software: 'torch 2.13.0',
  devices: plain.devices.map(device => ({ ...device, model: 'core' }))
};
const single = { technique: 'single', devices: 1 };
const measured: ProfileCell = {
  ...{ signature: 'sig', strategy: single, status: 'ok', source: 'measured' },
  stepSeconds: 1
};
const plan: Plan = {
  ...{ unplanned: [], makespan: 10, lowerBound: 10, gap: 0, binding: 'none' as const, optimal: true },
  ...{ method: 'construction' as const, baselines: [] },
  segments: [{ task: 'a', strategy: single, node: 'node', devices: ['cpu0'], start: 0, end: 10, steps: 10 }]
};

let home: string;
let cache: ProfileCache;
let cacheSync: CacheSync;
let session: ISession;

/** Take in events as the engine does; the kinds of what was recalled before which. */
function take(...events: SessionEvent[]): string[] {
  return events.flatMap(event => {
    const cells = cacheSync.before(session, event, step(session, event, 1).session);
    if (cells.length > 0) {
      session = step(session, { kind: 'cells-recalled', cells }, 1).session;
    }
    const after = step(session, event, 1).session;
    cacheSync.after(session, event, after, 1);
    session = after;
    return cells.length > 0 ? [event.kind] : [];
  });
}

const remembered = (): (string | undefined)[] =>
  new ProfileCache(cache.memory().folder).recall({ ...session.state, cells: [] }).map(({ status }) => status);

const trial = (): string => session.state.trials[0]!.id;
const finished = (change: Partial<ProfileCell> = {}): SessionEvent => ({
  kind: 'trial-finished',
  trial: trial(),
  cell: { ...measured, ...change }
});

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'saturn-cache-sync-'));
  cache = new ProfileCache(join(home, 'profiles'));
  cacheSync = new CacheSync(cache);
  session = emptySession('s', '/s');
  take(
    {
      kind: 'agent-connected',
      hello: { node, groups: [], trials: [], inspecting: [] }
    },
    { kind: 'tasks-added', tasks: [spec('a')] }
  );
});

afterEach(() => rmSync(home, { recursive: true }));

const inspected: SessionEvent = {
  kind: 'inspected',
  result: { task: 'a', hash: 'h', inspection: inspection('sig', 10, [single]) }
};

it('waits until measuring begins', () => {
  cache.keep({ ...session.state, tasks: [] }, node, measured, 1);
  expect(take(inspected)).toEqual([]);
  expect(session.state.cells).toEqual([]);
  expect(take({ kind: 'profile-requested' })).toEqual(['profile-requested']);
  expect(session.state.trials).toEqual([]);
  expect(session.state.cells).toEqual([{ ...measured, model: 'core', recalled: true }]);
});

it('comes when the last task is inspected, where measuring waited for that', () => {
  cache.keep(session.state, node, measured, 1);
  expect(take({ kind: 'plan-requested' }, inspected)).toEqual(['inspected']);
});

it('comes for each task as it is inspected, where a run begins before all are', () => {
  cache.keep(session.state, node, measured, 1);
  cache.keep(session.state, node, { ...measured, signature: 'other' }, 1);
  const later: SessionEvent = {
    kind: 'inspected',
    result: { task: 'b', hash: 'h', inspection: inspection('other', 10, [single]) }
  };
  take({ kind: 'tasks-added', tasks: [spec('b')] });
  expect(take({ kind: 'run-requested' }, inspected, later)).toEqual(['inspected', 'inspected']);
  expect(session.state.cells.map(({ signature }) => signature).sort()).toEqual(['other', 'sig']);
  expect(session.state.tasks[0]!.attempts[0]).not.toHaveProperty('explores');
});

it('does not come where all is to be measured anew, also when that has to wait', () => {
  cache.keep(session.state, node, measured, 1);
  expect(take({ kind: 'profile-requested', force: true }, inspected)).toEqual([]);
  expect(session.state.trials).toHaveLength(1);
  expect(take(finished({ stepSeconds: 2 }))).toEqual([]);
  expect(cache.recall({ ...session.state, cells: [] })[0]?.stepSeconds).toBe(2);
});

it.each([
  ['ok', ['ok']],
  ['oom', ['oom']],
  ['failed', []]
] as const)('keeps a trial that ended %s: %j', (status, kept) => {
  take(inspected, { kind: 'profile-requested' });
  take(finished({ status }));
  expect(remembered()).toEqual(kept);
});

it('keeps nothing of a trial that nobody waits for', () => {
  take(inspected, { kind: 'profile-requested' });
  const late = finished();
  take(late, late);
  cache.clear('all');
  take(late);
  expect(remembered()).toEqual([]);
});

it('keeps that memory did not suffice for training, in place of a trial that found it did', () => {
  take(inspected, { kind: 'run-requested', switches: 'never' });
  take(finished());
  const answer = (): SessionEvent => ({ kind: 'plan-made', plan, basis: session.planRevision });
  while (session.state.planning || session.state.probing) {
    take(answer());
  }
  expect(remembered()).toEqual(['ok']);
  take({ kind: 'group', event: { task: 'a', attempt: 1, kind: 'oom', time: 2 } });
  expect(remembered()).toEqual(['oom']);
});

it('keeps how fast training was, in place of a trial that found otherwise, for the choice of later sessions', () => {
  take(inspected, { kind: 'run-requested', switches: 'never' });
  take(finished({ stepSeconds: 0.5 }));
  while (session.state.planning || session.state.probing) {
    take({ kind: 'plan-made', plan, basis: session.planRevision });
  }
  expect(cache.recall({ ...session.state, cells: [] })[0]?.stepSeconds).toBe(0.5);
  const cell: ProfileCell = { ...measured, stepSeconds: 1.1, spreadSeconds: 0, steps: 9 };
  const event = { task: 'a', attempt: 1, kind: 'measured' as const, time: 3, cell };
  take({ kind: 'group', event: { task: 'a', attempt: 1, kind: 'started', time: 2, step: 0 } });
  take({ kind: 'group', event });
  expect(session.state.cells.find(({ status }) => status === 'ok')).toMatchObject({
    stepSeconds: 1.1,
    trained: 2.2
  });
  const [later] = new ProfileCache(cache.memory().folder).recall({ ...session.state, cells: [] });
  expect(later).toMatchObject({ stepSeconds: 1.1, recalled: true });
  // What is told again of it in the same session stands as well.
  take({ kind: 'group', event: { ...event, cell: { ...cell, stepSeconds: 1.2 }, time: 4 } });
  expect(cache.recall({ ...session.state, cells: [] })[0]?.stepSeconds).toBe(1.2);
});
