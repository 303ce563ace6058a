import { isEqual } from '../wire/equality.js';
import type {
  Attempt,
  BegunAttempt,
  GroupEvent,
  GroupEventRecord,
  SessionEvent,
  TaskState
} from '../wire/messages.js';
import { begunRun } from './groupStart.js';
import { guessedAttempt, withMeasuredStrategy } from './guessedAttempts.js';
import { deviceKeys } from './plannedCluster.js';
import {
  findTask,
  type ISession,
  isActive,
  lastAttempt,
  mapTasks,
  withState,
  withTaskState
} from './session.js';

const ENDS: ReadonlySet<GroupEvent['kind']> = new Set(['failed', 'oom', 'lost', 'stopped']);

/**
 * An event as it is to be journaled. What was begun follows from rules, and those change: a journal has to tell it by itself.
 *
 * @param session - the session before it.
 */
export function asJournaled(session: ISession, event: SessionEvent): SessionEvent {
  if (event.kind !== 'group' || event.event.kind === 'step') {
    return event;
  }
  const begun = begunIn(session, event.event);
  if (begun) {
    return { ...event, begun };
  }
  return event.event.kind === 'started' ? { ...event, begun: null } : event;
}

function begunIn(
  session: ISession,
  { task: name, attempt: number, kind }: GroupEvent
): BegunAttempt | undefined {
  const task = findTask(session, name);
  const last = task && lastAttempt(task);
  if (!task || !last || !isActive(task)) {
    return undefined;
  }
  const stopping = task.status === 'stopping' && !task.moving ? { stopping: true } : {};
  if (task.next?.number === number) {
    return { attempt: task.next, after: last.number, ...stopping };
  }
  const isOpen = last.number === number && (kind === 'started' || last.startedAt === undefined);
  return isOpen ? { attempt: last, ...stopping } : undefined;
}

/**
 * The session in which what a rank group tells of was begun, as its journal says: it may have been by other rules than those by
 * which the journal is read. By the same rules nothing changes.
 */
export function withBegun(session: ISession, { event, begun }: GroupEventRecord): ISession {
  const task = findTask(session, event.task);
  if (!task || begun === null) {
    return session;
  }
  if (begun !== undefined) {
    return isKnown(task, begun) ? session : adopt(session, task, begun, event);
  }
  const guessed = guessedAttempt(session, task, event);
  if (guessed) {
    return adopt(session, task, { attempt: guessed }, event);
  }
  return event.kind === 'measured' ? withMeasuredStrategy(session, task, event) : session;
}

function isKnown(task: TaskState, { attempt, after }: BegunAttempt): boolean {
  const known = after === undefined ? lastAttempt(task) : task.next;
  return isActive(task) && isEqual(known, attempt);
}

function adopt(session: ISession, task: TaskState, begun: BegunAttempt, event: GroupEvent): ISession {
  const { attempt, after, stopping } = begun;
  const isTrainedBefore = isActive(task) && after !== undefined && lastAttempt(task)?.number === after;
  if (after !== undefined && !isTrainedBefore && ENDS.has(event.kind)) {
    // It never ran, and there is nothing that it was to take over from.
    return session;
  }
  const alone = withoutSupposed({ ...session, passed: {} }, task, attempt);
  const { run } = alone.state;
  const underWay = withState(alone, {
    run: begunRun(run, attempt.requestedAt),
    ...(!stopping && { goal: 'run' })
  });
  if (isTrainedBefore) {
    return withTaskState(underWay, { ...task, next: attempt });
  }
  return withTaskState(underWay, {
    ...trainedIn(task, attempt, event.time),
    ...(stopping ? { status: 'stopping' } : { status: 'starting', givenUp: undefined, pausedAt: undefined }),
    moving: undefined,
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

/** The session without what others were thought to begin on the devices of an attempt. */
function withoutSupposed(session: ISession, { spec }: TaskState, attempt: Attempt): ISession {
  const taken = new Set(deviceKeys(attempt));
  const isSupposed = (other: Attempt | undefined): boolean =>
    other !== undefined &&
    other.startedAt === undefined &&
    (other.fusion === undefined || other.fusion !== attempt.fusion) &&
    deviceKeys(other).some(key => taken.has(key));
  return mapTasks(session, other => {
    if (other.spec.name === spec.name || !isActive(other)) {
      return other;
    }
    const kept = isSupposed(other.next) ? { ...other, next: undefined } : other;
    if (!isSupposed(lastAttempt(kept))) {
      return kept;
    }
    const isStopped = kept.status === 'stopping' && !kept.moving;
    return {
      ...kept,
      status: isStopped ? 'stopped' : 'ready',
      moving: undefined,
      next: undefined,
      attempts: kept.attempts.slice(0, -1)
    };
  });
}
