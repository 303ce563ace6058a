import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteRenewed, openRenewals } from '../../../src/core/session/population.js';
import { emptySession, findSweep, type ISession, withState } from '../../../src/core/session/session.js';
import { withSweep } from '../../../src/core/session/sweeps.js';
import { withNew } from '../../../src/core/session/tasks.js';
import type { NewMember, TaskSpec } from '../../../src/core/wire/messages.js';
import { renewedPopulation } from '../../../src/engine/populationRenewal.js';
import { sweepOf } from '../search/sweeps.js';
import { spec } from '../session/sessionHarness.js';

const PARENT: TaskSpec = { ...spec('net-1-64'), sweep: 'net', params: { lr: 1, width: 64 } };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-population-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Write a checkpoint of a task. */
function save({ name, hash, trainingHash = hash }: TaskSpec, step: number): void {
  const path = join(folder, 'tasks', name, 'checkpoints', `step-${String(step).padStart(9, '0')}`);
  mkdirSync(path, { recursive: true });
  const files = { '.metadata': { size: 1, crc32: step } };
  const manifest = { v: 1, step, identity: `${trainingHash}/seed-0/steps-9`, files };
  writeFileSync(join(path, '.metadata'), 'm');
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(manifest));
}

/** A session in which members are to be made. */
function renewing(session: ISession, step: number, members: NewMember[]): ISession {
  const [sweep] = session.state.sweeps!;
  return withState(session, { sweeps: [{ ...sweep!, renewing: { step, members } }] });
}

function begun(): ISession {
  const space = { lr: { low: 0.1, high: 10, scale: 'log' as const }, width: { values: [64, 128] } };
  const { template: _none, ...sweep } = sweepOf({ space, stop: { kind: 'pbt' } });
  return withNew(withSweep(emptySession('test', folder), sweep, 4), [PARENT]);
}

it('makes members of what their parents have saved at the step, which is kept, under names of their own', () => {
  save(PARENT, 3);
  save(PARENT, 5);
  const member = { parent: PARENT.name, params: { lr: 1.25, width: 64 } };
  const session = renewing(begun(), 3, [member, member]);
  expect(openRenewals(session)).toEqual([{ kind: 'renew', sweep: 'net' }]);
  const event = renewedPopulation(session, 'net');
  expect(event).not.toHaveProperty('error');
  const [one, two] = event.tasks;
  expect([one!.name, two!.name]).toEqual(['net-1.25-64-from-3', 'net-1.25-64-from-3-2']);
  expect(one).toMatchObject({
    ...{ sweep: 'net', params: member.params, cloneOf: PARENT.name, seed: PARENT.seed },
    warmStart: { task: PARENT.name, step: 3, continues: true, checkpoints: [expect.any(String)] }
  });
  expect(one!.hash).not.toBe(PARENT.hash);
  const [kept] = one!.warmStart!.checkpoints;
  expect(existsSync(join(folder, 'weights', kept!, 'manifest.json'))).toBe(true);
  const { session: renewed } = noteRenewed(session, event);
  expect(openRenewals(renewed)).toEqual([]);
  expect(findSweep(renewed.state, 'net')).toMatchObject({ made: 4 });
  expect(renewed.state.tasks[1]).toMatchObject({ checkpointStep: 3, progress: { step: 3 } });
  // A member of a member needs what that has saved, and nothing of what it began with.
  save(one!, 6);
  const later = renewedPopulation(
    renewing(renewed, 6, [{ parent: one!.name, params: { lr: 1, width: 64 } }]),
    'net'
  );
  expect(later.tasks[0]!.warmStart).toMatchObject({ task: one!.name, step: 6, continues: true });
  expect(later.tasks[0]!.warmStart!.checkpoints).toHaveLength(1);
  expect(later.tasks[0]!.warmStart!.checkpoints).not.toContain(kept);
});

it('leaves out a member that cannot be made, and says why', () => {
  save(PARENT, 3);
  const params = { lr: 1.25, width: 64 };
  const session = renewing(begun(), 4, [{ parent: PARENT.name, params }]);
  expect(renewedPopulation(session, 'net')).toMatchObject({ tasks: [], error: { code: 'no-checkpoint' } });
  const gone = renewing(begun(), 3, [
    { parent: 'gone', params },
    { parent: PARENT.name, params }
  ]);
  const event = renewedPopulation(gone, 'net');
  expect(event).toMatchObject({ tasks: [{ cloneOf: PARENT.name }], error: { code: 'unknown-task' } });
  expect(noteRenewed(gone, event).session.state.notices).toEqual([event.error]);
});
