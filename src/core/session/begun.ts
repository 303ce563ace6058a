import { isEqual } from '../wire/equality.js';
import type { Attempt, Begun, BegunAttempt, Replan, TaskState, TrialState } from '../wire/messages.js';
import { begunRun } from './groupStart.js';
import { judgedBetween, withJudged } from './judgedTasks.js';
import { placeOfTrial } from './profileTable.js';
import { toldWith } from './replanning.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  restingStatus,
  withState,
  withTask,
  withTaskState
} from './session.js';
import { activeTasks, taskNamed } from './taskTable.js';
import { trialNumber } from './trialPlanning.js';

/**
 * What was begun from one session to the next. It follows from rules, and those change: a journal has to tell it by itself.
 */
export function begunBetween({ state: before }: ISession, { state: after }: ISession): Begun {
  const attempts =
    before.tasks === after.tasks
      ? []
      : activeTasks(after.tasks).flatMap(task => begunOf(taskNamed(before.tasks, task.spec.name), task));
  const running = new Set(before.trials.filter(isRunning).map(({ id }) => id));
  const trials = after.trials.filter(trial => isRunning(trial) && !running.has(trial.id));
  const replan = after.replans?.at(-1);
  const isNew = replan && replan.number !== before.replans?.at(-1)?.number;
  return {
    ...(attempts.length > 0 && { attempts }),
    ...(trials.length > 0 && { trials }),
    ...(isNew && { replan }),
    ...judgedBetween({ state: before }, { state: after })
  } as Begun;
}

function begunOf(before: TaskState | undefined, task: TaskState): BegunAttempt[] {
  if (before === task) {
    return [];
  }
  const { name } = task.spec;
  // A number comes again where what had it never ran.
  const known = [...(before?.attempts ?? []), ...(before?.next ? [before.next] : [])];
  const isKnown = ({ number, requestedAt }: Attempt): boolean =>
    known.some(one => one.number === number && one.requestedAt === requestedAt);
  const last = lastAttempt(task);
  return [
    ...(last && !isKnown(last) ? [{ task: name, attempt: last }] : []),
    ...(task.next && !isKnown(task.next) ? [{ task: name, attempt: task.next, takesOver: true }] : [])
  ];
}

const isRunning = ({ status }: TrialState): boolean => status === 'running';

/**
 * A step in which that was begun which the journal says, and nothing else: by the rules by which it is read, others may have been
 * chosen. By the same rules nothing changes.
 */
export function withBegun(before: ISession, taken: IStep, begun: Begun): IStep {
  const supposed = begunBetween(before, taken.session);
  if (isEqual(supposed, begun)) {
    return taken;
  }
  const { attempts = [], trials = [] } = begun;
  const isTold = (one: BegunAttempt): boolean => attempts.some(other => isEqual(one, other));
  let session = withJudged(before, { ...taken.session, passed: {} }, supposed, begun);
  for (const one of (supposed.attempts ?? []).filter(attempt => !isTold(attempt))) {
    session = withoutAttempt(session, one);
  }
  for (const one of attempts) {
    session = withAttempt(session, one);
  }
  session = withTrials(session, supposed.trials ?? [], trials);
  return { ...taken, session: withReplan(session, supposed.replan, begun.replan) };
}

/** What was told of a plan is told, though by these rules there would be another. */
function withReplan(session: ISession, supposed: Replan | undefined, told: Replan | undefined): ISession {
  const { replans = [] } = session.state;
  const others = replans.filter(one => one !== supposed);
  return supposed || told ? withState(session, { replans: told ? toldWith(others, told) : others }) : session;
}

function withoutAttempt(session: ISession, { task: name, takesOver }: BegunAttempt): ISession {
  const task = findTask(session, name)!;
  return withTask(session, name, {
    next: undefined,
    ...(!takesOver && {
      status: restingStatus(task),
      moving: undefined,
      attempts: task.attempts.slice(0, -1)
    })
  });
}

function withAttempt(session: ISession, { task: name, attempt, takesOver }: BegunAttempt): ISession {
  const task = findTask(session, name);
  const known = takesOver ? task?.next : task && lastAttempt(task);
  if (!task || isEqual(known, attempt)) {
    return session;
  }
  return takesOver && isActive(task)
    ? withTask(session, name, { next: attempt })
    : adopted(session, task, attempt, attempt.requestedAt);
}

/**
 * The session in which a task trains, by an attempt of which it did not know.
 *
 * @param time - when that began, in seconds since the epoch.
 */
export function adopted(session: ISession, task: TaskState, attempt: Attempt, time: number): ISession {
  const run = begunRun(session.state.run, attempt.requestedAt);
  return withTaskState(withState(session, { run, goal: 'run' }), {
    ...trainedIn(task, attempt, time),
    status: attempt.startedAt === undefined ? 'starting' : 'running',
    moving: undefined,
    givenUp: undefined,
    pausedAt: undefined,
    progress: { step: attempt.fromStep ?? 0 }
  });
}

/**
 * A task that trains in an attempt of which it did not know. What it was thought to begin instead never was; what trained it
 * before is over.
 *
 * @param time - when it was, in seconds since the epoch.
 */
export function trainedIn(task: TaskState, attempt: Attempt, time: number): TaskState {
  const before = task.attempts
    .filter(
      ({ number, endedAt, startedAt }) => number < attempt.number && (endedAt ?? startedAt) !== undefined
    )
    .map((one): Attempt => (one.endedAt === undefined ? { ...one, endedAt: time, outcome: 'stopped' } : one));
  return { ...task, attempts: [...before, attempt], next: undefined, error: undefined };
}

/** Trials that were begun take the place of those that were only supposed to be, or are asked for still. */
function withTrials(
  session: ISession,
  supposed: readonly TrialState[],
  begun: readonly TrialState[]
): ISession {
  const isTaken = (trial: TrialState): boolean =>
    supposed.includes(trial) ||
    begun.some(
      other =>
        other.id === trial.id ||
        (trial.status === 'queued' && isEqual(placeOfTrial(other), placeOfTrial(trial)))
    );
  return {
    ...withState(session, {
      trials: [...begun, ...session.state.trials.filter(trial => !isTaken(trial))]
    }),
    trialCount: Math.max(session.trialCount, ...begun.map(({ id }) => trialNumber(id)))
  };
}
