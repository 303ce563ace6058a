import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { GENERAL_REASONS } from '../../../../src/core/view/format/generalReasons.js';
import { profileMatrix } from '../../../../src/core/view/profile/profileMatrix.js';
import { profileReasons } from '../../../../src/core/view/profile/profileReasons.js';
import { taskChecks } from '../../../../src/core/view/tasks/taskChecks.js';
import type { Feasibility, SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession } from '../sessionStates.js';

const TECHNIQUES = 'python-shim/jupyterlab_saturn/training/techniques';
const BLOCKS = 'it needs as many blocks with parameters as devices; this model has 1';

const refusal = (technique: string, devices: number, reason: string): Feasibility => ({
  strategy: { technique, devices },
  feasible: false,
  reason
});

function session(): SessionState {
  const state = definedSession();
  const feasibility: Feasibility[] = [
    { strategy: { technique: 'single', devices: 1 }, feasible: true },
    ...[2, 3, 4].map(devices => ({ strategy: { technique: 'ddp', devices }, feasible: true })),
    ...[2, 4].map(devices => refusal('single', devices, 'it runs on one device only')),
    refusal('pipeline', 1, 'on one device it is the same as single'),
    ...[2, 3, 4].map(devices => refusal('pipeline', devices, BLOCKS))
  ];
  const tasks = state.tasks.map(task => ({ ...task, inspection: { ...task.inspection!, feasibility } }));
  return { ...state, tasks };
}

it('are those that techniques say', () => {
  const sources = readdirSync(TECHNIQUES)
    .filter(name => name.endsWith('.py'))
    .map(name => readFileSync(join(TECHNIQUES, name), 'utf8'));
  for (const reason of GENERAL_REASONS) {
    expect(
      sources.some(source => source.includes(`"${reason}"`)),
      reason
    ).toBe(true);
  }
});

it('are not told: the others are, once for all numbers of devices', () => {
  const [check] = taskChecks(session().tasks, ENGLISH);
  expect(check?.cannot).toEqual([{ uses: [{ techniques: ['pipeline'], devices: [] }], reason: BLOCKS }]);
  const reasons = profileReasons(profileMatrix(session()), ENGLISH);
  expect([...reasons]).toEqual([[BLOCKS, ['pipeline x2 to 4']]]);
});

it('are told where they are all that there is to say of a technique', () => {
  const state = session();
  const only = [refusal('hsdp', 2, [...GENERAL_REASONS][2]!)];
  const tasks = state.tasks.map(task => ({
    ...task,
    inspection: { ...task.inspection!, feasibility: only }
  }));
  expect(taskChecks(tasks, ENGLISH)[0]?.cannot).toHaveLength(1);
});
