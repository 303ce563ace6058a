import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import {
  commonRefusals,
  taskChecks,
  usableTechniques,
  usesWords,
  withoutRefusals
} from '../../../../src/core/view/tasks/taskChecks.js';
import type { Feasibility, TaskState } from '../../../../src/core/wire/messages.js';
import { definedSession, variedSession } from '../sessionStates.js';

const can = (technique: string, devices: number): Feasibility => ({
  strategy: { technique, devices },
  feasible: true
});
const cannot = (technique: string, devices: number, reason: string): Feasibility => ({
  ...can(technique, devices),
  ...{ feasible: false, reason }
});

function check(...feasibility: Feasibility[]) {
  const [task] = definedSession().tasks as [TaskState];
  return taskChecks([{ ...task, inspection: { ...task.inspection!, feasibility } }], ENGLISH)[0]!;
}

describe('taskChecks', () => {
  it('puts tasks of equal answers together', () => {
    const checks = taskChecks(definedSession().tasks, ENGLISH);
    expect(checks.map(({ tasks }) => tasks.length)).toEqual([4, 4, 4]);
    expect(checks[0]?.tasks[0]).toBe('digits-mlp-32-1e-3');
  });

  it('tells techniques of equal device counts together, whatever their knobs', () => {
    const [found] = taskChecks(variedSession().tasks, ENGLISH);
    expect(found?.can).toEqual([
      { techniques: ['single'], devices: [1] },
      { techniques: ['ddp', 'fsdp', 'pipeline'], devices: [2, 4] },
      { techniques: ['tensor'], devices: [2] }
    ]);
  });

  it('says a reason once, without device counts where there is no other for a technique', () => {
    const { cannot: refusals } = check(
      can('ddp', 2),
      cannot('ddp', 3, 'odd'),
      cannot('fsdp', 3, 'odd'),
      cannot('fsdp', 2, 'odd'),
      cannot('tensor', 2, 'small'),
      cannot('tensor', 3, 'odd')
    );
    expect(refusals.map(({ uses, reason }) => `${usesWords(uses, ENGLISH)}: ${reason}`)).toEqual([
      'ddp and tensor on 3 devices; fsdp: odd',
      'tensor on 2 devices: small'
    ]);
  });

  it('says a reason that names the number of devices once for all of them', () => {
    const { cannot: refusals } = check(
      can('single', 1),
      ...[2, 3, 4, 8].map(count => cannot('pipeline', count, `too few blocks for ${count} stages`)),
      cannot('hsdp', 2, 'it needs at least 2 nodes'),
      cannot('hsdp', 4, 'it needs at least 2 nodes'),
      ...[4, 8].map(count => cannot('tensor', count, `its 12 heads do not divide over ${count} devices`))
    );
    expect(refusals.map(({ uses, reason }) => `${usesWords(uses, ENGLISH)}: ${reason}`)).toEqual([
      'pipeline: too few blocks for 2, 3, 4 or 8 stages',
      'hsdp: it needs at least 2 nodes',
      'tensor: its 12 heads do not divide over 4 or 8 devices'
    ]);
  });

  it('finds what is true of all tasks', () => {
    const one = check(cannot('hsdp', 2, 'odd'), cannot('tensor', 2, 'small'));
    const other = check(cannot('hsdp', 2, 'odd'), cannot('tensor', 2, 'large'));
    const common = commonRefusals([one, other]);
    expect(common.map(({ reason }) => reason)).toEqual(['odd']);
    expect(withoutRefusals(one, common).cannot.map(({ reason }) => reason)).toEqual(['small']);
    expect(commonRefusals([one])).toEqual([]);
  });

  it('is silent about knobs that cannot be used where others can', () => {
    const knobs = {
      ...cannot('fsdp', 2, 'odd'),
      strategy: { technique: 'fsdp', devices: 2, knobs: { a: 1 } }
    };
    expect(check(can('fsdp', 2), knobs).cannot).toEqual([]);
  });

  it('tells what is not known yet from what cannot be built', () => {
    const [task] = definedSession().tasks as [TaskState];
    const { inspection: _, ...unbuilt } = task;
    const error = { code: 'broken', message: 'It is broken.' };
    expect(taskChecks([{ ...unbuilt, status: 'inspecting' }], ENGLISH)[0]?.state).toBe('unknown');
    expect(taskChecks([{ ...task, status: 'inspecting' }], ENGLISH)[0]?.state).toBe('unknown');
    expect(taskChecks([{ ...unbuilt, status: 'invalid', error }], ENGLISH)[0]).toMatchObject({
      ...{ state: 'invalid', error }
    });
  });
});

it.each([
  [[1], 'ddp on 1 device'],
  [[2, 4], 'ddp on 2 or 4 devices'],
  [[1, 2, 4], 'ddp on 1, 2 or 4 devices'],
  [[2, 3, 4], 'ddp on 2 to 4 devices'],
  [[], 'ddp']
])('devices %j are told as "%s"', (devices, words) => {
  expect(usesWords([{ techniques: ['ddp'], devices }], ENGLISH)).toBe(words);
});

it('knows the techniques that can run a task', () => {
  const [task] = variedSession().tasks as [TaskState];
  expect(usableTechniques(task)).toEqual(['single', 'ddp', 'fsdp', 'pipeline', 'tensor']);
});
