import { expect } from 'vitest';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { SessionEvent, TaskState } from '../../../src/core/wire/messages.js';
import type { SessionHarness } from './sessionHarness.js';

export type Told = SessionHarness['log'][number];

type Rule = (told: Told, random: Random) => readonly Told[];

/** What other rules would make of the same journal: other questions are asked, and others begin, elsewhere. */
export const RULES: Readonly<Record<string, Rule>> = {
  'no plan is taken': told => (told.event.kind === 'plan-made' ? [] : [told]),
  'more questions are asked': told => [answered(told, -1)],
  'fewer questions are asked': told => [answered(told, 2)],
  'now and then one less is asked': (told, random) => [answered(told, random() < 0.2 ? 1 : 0)],
  'nothing is known from before': told => (told.event.kind === 'cells-recalled' ? [] : [told]),
  'all is done on the first devices': told => [elsewhere(told)]
};

function answered(told: Told, more: number): Told {
  const { event } = told;
  return event.kind === 'plan-made'
    ? { ...told, event: { ...event, basis: Math.max(0, event.basis + more) } }
    : told;
}

function elsewhere(told: Told): Told {
  const { event } = told;
  if (event.kind !== 'plan-made') {
    return told;
  }
  const segments = event.plan.segments.map(segment => ({
    ...segment,
    devices: segment.devices.map((_, index) => `cpu${index}`)
  }));
  return { ...told, event: { ...event, plan: { ...event.plan, segments } } };
}

/** The session that a journal tells of. */
export function replay(log: readonly Told[]): ISession {
  return log.reduce<ISession>(
    (session, { event, time }) => step(session, event, time).session,
    emptySession('test', '/tmp/test')
  );
}

/** What came of the attempts that started. */
const outcomes = ({ attempts }: TaskState): unknown[] =>
  attempts
    .filter(({ startedAt }) => startedAt !== undefined)
    .map(({ number, strategy, devices, outcome, savedStep }) => [
      number,
      strategy,
      devices,
      outcome,
      savedStep
    ]);

function before(event: SessionEvent): SessionEvent {
  if (event.kind !== 'group') {
    return event;
  }
  const { begun: _, ...rest } = event;
  return rest;
}

/** What is done of a task, and came of it. */
const done = ({ status, checkpointStep, result }: TaskState): unknown[] => [
  status === 'finished',
  checkpointStep,
  result
];

/**
 * A session is what its journal tells, exactly; and read by other rules, one of them in turn, it tells what was trained.
 *
 * @param world - what is said when it is not so.
 */
export function assertTold({ log, session }: SessionHarness, world: string): void {
  expect(replay(log), world).toEqual(session);
  const all = Object.entries(RULES);
  const [name, rule] = all[log.length % all.length]!;
  const random = mulberry32(log.length);
  const changed = log.flatMap(told => rule(told, random));
  const read = replay(changed).state.tasks;
  // Older ones do not tell what was begun: of those it is known what was done, unless it may have been on any of several nodes.
  const isAnywhere = (session.state.nodes ?? []).length > 1;
  const old = replay(changed.map(({ event, time }) => ({ event: before(event), time }))).state.tasks;
  for (const [index, task] of session.state.tasks.entries()) {
    const what = `${task.spec.name} of ${world} where ${name}`;
    // An agent may have told of more: of groups that waited, and never trained.
    expect(outcomes(read[index]!), what).toEqual(expect.arrayContaining(outcomes(task)));
    expect(done(read[index]!), what).toEqual(done(task));
    expect(isAnywhere || done(old[index]!), `${what}, of before`).toEqual(isAnywhere || done(task));
  }
}
