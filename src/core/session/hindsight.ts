import type { GroupEvent, RunState, SessionEvent, SessionState, TaskState } from '../wire/messages.js';
import { planRequest } from './planRequest.js';
import { planLeft } from './projection.js';
import { findTask, type ISession, isActive, lastAttempt, withState } from './session.js';
import type { IStint } from './stint.js';

/** What may happen without another thing to do than the first plan was made for. */
const EXPECTED: ReadonlySet<SessionEvent['kind']> = new Set([
  'version-changed',
  'trial-finished',
  'cells-recalled',
  'plan-made',
  'plan-failed',
  'plan-given',
  'clock',
  'replan-due',
  'speed-differs'
]);
const EXPECTED_OF_GROUPS: ReadonlySet<GroupEvent['kind']> = new Set([
  'ready',
  'started',
  'validated',
  'rung',
  'measured',
  'checkpoint',
  'finished',
  'stopped'
]);

/**
 * The session that remembers with what plan its training began and, at the end, tells what came of planning anew.
 *
 * @param before - the session before the event.
 * @param session - the session after it.
 * @param time - when it happened, in seconds since the epoch.
 */
export function withHindsight(
  before: ISession,
  session: ISession,
  event: SessionEvent,
  time: number
): ISession {
  const begins = isUnderWay(session.state.run) && !isUnderWay(before.state.run);
  const stint = begins
    ? { from: time, replansBefore: lastNumber(before.state), moves: 0, firstPlan: undefined }
    : session.stint;
  if (stint === null || !(begins || isUnderWay(before.state.run))) {
    return session;
  }
  const moved = replansSince(session.state, lastNumber(before.state)).reduce(
    (sum, { moves }) => sum + moves.length,
    stint.moves
  );
  const next: ISession = {
    ...session,
    stint: {
      ...stint,
      moves: moved,
      firstPlan:
        begins || session.learning || isExpected(event) ? firstPlanOf(stint, before, session, time) : null
    }
  };
  return isUnderWay(session.state.run) ? next : withOutcome(next, time);
}

const isUnderWay = (run: RunState | undefined): boolean => run !== undefined && run.endedAt === undefined;

const lastNumber = ({ replans }: SessionState): number => replans?.at(-1)?.number ?? 0;

const replansSince = ({ replans = [] }: SessionState, last: number) =>
  replans.filter(({ number }) => number > last);

function isExpected(event: SessionEvent): boolean {
  return event.kind === 'group' ? EXPECTED_OF_GROUPS.has(event.event.kind) : EXPECTED.has(event.kind);
}

function firstPlanOf(
  { firstPlan }: IStint,
  { state: { tasks } }: ISession,
  { state: { plan }, learning }: ISession,
  time: number
): IStint['firstPlan'] {
  return firstPlan === undefined && !learning && plan?.startedAt !== undefined
    ? { plan: plan.plan, tasks, time }
    : firstPlan;
}

function withOutcome(session: ISession, time: number): ISession {
  const { run, replans = [] } = session.state;
  const { stint } = session;
  const plans = stint === null ? 0 : lastNumber(session.state) - stint.replansBefore;
  if (run === undefined || stint === null || plans === 0) {
    return { ...session, stint: null };
  }
  const firstPlanSeconds = firstPlanAlone(session, stint);
  return withState(
    { ...session, stint: null },
    {
      replans: replans.map(replan =>
        replan.number > stint.replansBefore ? { ...replan, took: Math.max(0, time - replan.at) } : replan
      ),
      run: {
        ...run,
        outcome: {
          seconds: Math.max(0, time - stint.from),
          plans,
          moves: stint.moves,
          ...(firstPlanSeconds !== undefined && { firstPlanSeconds })
        }
      }
    }
  );
}

/**
 * How long all would have taken by the first plan alone, as far as is known at the end, in seconds; undefined when what
 * there was to do has changed on the way, or a speed is not known.
 */
function firstPlanAlone(session: ISession, { from, firstPlan }: IStint): number | undefined {
  if (!firstPlan) {
    return undefined;
  }
  const { plan, tasks, time } = firstPlan;
  const planned = new Set(plan.segments.map(({ task }) => task));
  const last = session.state.tasks.filter(({ spec }) => planned.has(spec.name));
  if (
    last.length < planned.size ||
    last.some(
      ({ status, target, result, givenUp }) =>
        !(status === 'finished' || (status === 'stopped' && givenUp)) ||
        target !== undefined ||
        result?.stoppedEarly
    )
  ) {
    return undefined;
  }
  const past: SessionState = {
    ...session.state,
    goal: 'run',
    tasks: tasks.map(task => asItWas(task, findTask(session, task.spec.name), time)),
    plan: { plan, madeAt: time, fresh: true }
  };
  const asked = planRequest(past, time, { explain: false });
  // What a rule has ended is known by now.
  const request = { ...asked, tasks: asked.tasks.map(({ likely: _, ...task }) => task) };
  const segments = planLeft(past, request);
  const done = new Map<string, number>();
  for (const { task, steps } of segments) {
    done.set(task, (done.get(task) ?? 0) + steps);
  }
  const whole = request.tasks.every(
    ({ name, steps }) => !planned.has(name) || (done.get(name) ?? 0) === steps
  );
  return whole ? time - from + segments.reduce((latest, { end }) => Math.max(latest, end), 0) : undefined;
}

/** What there was to do of a task: one that a rule has given up was over there. */
function inspectionToEnd({ inspection, givenUp, checkpointStep }: TaskState): TaskState['inspection'] {
  return givenUp && inspection ? { ...inspection, steps: checkpointStep ?? givenUp.step } : inspection;
}

/** A task at an earlier time, as is known now; what it had trained then follows from how fast it was. */
function asItWas(then: TaskState, now: TaskState | undefined, time: number): TaskState {
  const inspection = now && inspectionToEnd(now);
  const task = inspection === undefined ? then : { ...then, inspection };
  const { number, startedAt = time, fromStep = 0 } = lastAttempt(then) ?? { number: 0 };
  const stepSeconds = now?.attempts.find(attempt => attempt.number === number)?.stepSeconds;
  return isActive(then)
    ? {
        ...task,
        progress: { step: fromStep + (stepSeconds ? Math.floor((time - startedAt) / stepSeconds) : 0) }
      }
    : task;
}
