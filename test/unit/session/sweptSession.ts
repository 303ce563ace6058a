import { expect } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type {
  GroupStart,
  Plan,
  PlanRequest,
  StopRule,
  Strategy,
  SweepSpec,
  TaskState
} from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const SINGLE: Strategy = { technique: 'single', devices: 1 };
export const RULE: StopRule = { kind: 'asha' };

/** The spec of such a sweep. */
export function sweepOf(stop: StopRule = RULE, more: Partial<SweepSpec> = {}): SweepSpec {
  return { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop, ...more };
}

/** A session whose tasks are points of a sweep, all built, and that trains as many at once as there are devices. */
export function swept(
  names: readonly string[],
  sweep = sweepOf(),
  {
    steps = 81,
    devices = names.length,
    batches = {} as Record<string, number>,
    stepsOf = (batchSize: number) => Math.round((steps * 10) / batchSize)
  } = {}
): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)), sweep });
  for (const { body } of sim.take('inspect')) {
    for (const { name, hash } of body.tasks) {
      const batchSize = batches[name] ?? 10;
      const found = inspection('sig', stepsOf(batchSize), [SINGLE]);
      sim.feed({ kind: 'inspected', result: { task: name, hash, inspection: { ...found, batchSize } } });
    }
  }
  const cell = { signature: 'sig', strategy: SINGLE, status: 'ok', source: 'measured' } as const;
  sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, stepSeconds: 1, startSeconds: 1 }] });
  return sim;
}

/** All at once, each on a device of its own. */
function beside(request: PlanRequest): Plan {
  const plan = serialPlan(request);
  const segments = plan.segments.map((segment, place) => ({
    ...segment,
    devices: request.tasks[place]!.running?.devices ?? [`cpu${place}`],
    end: segment.end - segment.start,
    start: 0
  }));
  return { ...plan, segments };
}

/** Train: each task has begun, on a device of its own. */
export function begun(sim: SessionHarness): Map<string, GroupStart> {
  sim.feed({ kind: 'run-requested' });
  const starts = new Map<string, GroupStart>();
  for (let guard = 0; guard < 200 && sim.pending.length > 0; guard++) {
    const command = sim.pending.shift()!;
    if (command.kind === 'start') {
      starts.set(command.body.task.name, command.body);
      sim.group(command.body.task.name, command.body.attempt, 'started', { step: 0 });
    } else if (command.kind === 'plan') {
      sim.feed({ kind: 'plan-made', plan: beside(command.request), basis: command.planRevision });
    } else if (command.kind !== 'stop') {
      sim.perform(command, () => 'sig');
    }
  }
  return starts;
}

export function taskOf(sim: SessionHarness, name: string): TaskState {
  return sim.session.state.tasks.find(task => task.spec.name === name)!;
}

/** Read again from its log, it is the same. */
export function replay(sim: SessionHarness): void {
  let session = emptySession('test', '/tmp/test');
  for (const { event, time } of sim.log) {
    session = step(session, event, time).session;
  }
  expect(session).toEqual(sim.session);
}
