import { expect } from 'vitest';
import { mulberry32, type Random } from '../../../src/core/planner/common/random.js';
import { replay, type Told } from '../../../src/core/session/replay.js';
import { emptySession, type ISession } from '../../../src/core/session/session.js';
import type { Attempt, StopRule, TaskState } from '../../../src/core/wire/messages.js';
import type { SessionHarness } from './sessionHarness.js';

type Rule = (told: Told, random: Random) => Told;

/** What other rules would make of the same journal: other questions are asked, and others begin, elsewhere. */
export const RULES: Readonly<Record<string, Rule>> = {
  'no plan is taken': told => answered(told, -Infinity),
  'more questions are asked': told => answered(told, -1),
  'fewer questions are asked': told => answered(told, 2),
  'now and then one less is asked': (told, random) => answered(told, random() < 0.2 ? 1 : 0),
  'nothing is known from before': told => unknown(told),
  'nothing is moved': told => unmoved(told),
  'all is done on the first devices': told => elsewhere(told),
  'tasks are compared later': told => judgedBy(told, { first: 40 }),
  'more tasks go on at a rung': told => judgedBy(told, { eta: 2 }),
  'fewer tasks go on at a rung': told => judgedBy(told, { eta: 9 })
};

function judgedBy(told: Told, numbers: Pick<StopRule, 'first' | 'eta'>): Told {
  const { event } = told;
  const stop = event.kind === 'tasks-added' ? event.sweep?.stop : undefined;
  return event.kind === 'tasks-added' && event.sweep && stop
    ? { ...told, event: { ...event, sweep: { ...event.sweep, stop: { ...stop, ...numbers } } } }
    : told;
}

function answered(told: Told, more: number): Told {
  const { event } = told;
  return event.kind === 'plan-made'
    ? { ...told, event: { ...event, basis: Math.max(0, event.basis + more) } }
    : told;
}

function unknown(told: Told): Told {
  const { event } = told;
  return event.kind === 'cells-recalled' ? { ...told, event: { ...event, cells: [] } } : told;
}

function unmoved(told: Told): Told {
  const { event } = told;
  return event.kind === 'run-requested' ? { ...told, event: { ...event, switches: 'never' } } : told;
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
export function replayed(log: readonly Told[]): ISession {
  return log.reduce<ISession>(
    (session, told) => replay(session, told).session,
    emptySession('test', '/tmp/test')
  );
}

/** What was begun, where, and what came of it. How far the plan has one go is for the rules to say. */
export const begunOf = ({ attempts, next }: TaskState): unknown[] =>
  [...attempts, ...(next ? [next] : [])].map(({ until: _, ...attempt }: Attempt) => attempt);

/** What was told of plans that were taken up while tasks trained; what they brought is reckoned by the rules. */
export const replansOf = ({ state }: ISession): unknown[] =>
  (state.replans ?? []).map(({ took: _, ...replan }) => replan);

/** What a rule made of a task. */
const judgedOf = ({ givenUp, pausedAt }: TaskState): unknown[] => [givenUp, pausedAt];

/** What is done of a task, and came of it. */
const done = ({ status, checkpointStep, result }: TaskState): unknown[] => [
  status === 'finished',
  checkpointStep,
  result
];

/**
 * A session is what its journal tells, exactly; and read by other rules, one of them in turn (by night all), it tells what was
 * begun, and what came of it.
 *
 * @param world - what is said when it is not so.
 */
export function assertTold({ log, session }: SessionHarness, world: string): void {
  expect(replayed(log), world).toEqual(session);
  const all = Object.entries(RULES);
  for (const [name, rule] of process.env.SATURN_NIGHTLY ? all : [all[log.length % all.length]!]) {
    assertToldBy(name, rule, log, session, world);
  }
}

function assertToldBy(
  name: string,
  rule: Rule,
  log: readonly Told[],
  session: ISession,
  world: string
): void {
  const random = mulberry32(log.length);
  const changed = log.map(told => rule(told, random));
  const known = replayed(changed);
  const read = known.state;
  expect(replansOf(known), `${world} where ${name}`).toEqual(replansOf(session));
  // Older ones do not tell what was begun: of those it is known what was done, unless it may have been on any of several nodes.
  const isAnywhere = (session.state.nodes ?? []).length > 1;
  const old = replayed(changed.map(({ event, time }) => ({ event, time }))).state.tasks;
  for (const [index, task] of session.state.tasks.entries()) {
    const what = `${task.spec.name} of ${world} where ${name}`;
    expect(begunOf(read.tasks[index]!), what).toEqual(begunOf(task));
    expect(done(read.tasks[index]!), what).toEqual(done(task));
    expect(judgedOf(read.tasks[index]!), what).toEqual(judgedOf(task));
    // One that was taken out while it was only supposed to train stays until an agent says what there is.
    const before = old.find(({ spec }) => spec.name === task.spec.name)!;
    expect(isAnywhere || done(before), `${what}, of before`).toEqual(isAnywhere || done(task));
  }
}
