import type { Attempt, GroupEvent, Plan, TaskState } from '../wire/messages.js';
import { busyDevices, isRunnable, wishOf } from './dispatch.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import { attemptAt, startOf } from './groupStart.js';
import { areAllPlannedOn, deviceKeys } from './plannedCluster.js';
import { failedTrials } from './profileTable.js';
import { noteGroup } from './rankGroups.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  withStalePlan,
  withTask
} from './session.js';
import { stopGroup } from './stopping.js';
import type { IStretch } from './stretches.js';

/**
 * Have a task that trains go on by another stretch, whose ranks start while it trains still. It leaves once they are ready.
 *
 * @param time - seconds since the epoch.
 * @returns null when the stretch cannot begin yet: devices that it needs are others', or another task is to have them first. On
 * another node, or several, and with other tasks in one run, it begins only when the task has left.
 */
export function takeOver(
  session: ISession,
  plan: Plan,
  task: TaskState,
  stretch: IStretch,
  time: number
): IStep | null {
  const { segment } = stretch;
  const attempt = lastAttempt(task);
  const failed = failedTrials(session.state.cells);
  if (task.status !== 'running' || task.next || attempt?.node !== segment.node) {
    return null;
  }
  if (
    attempt.elsewhere ||
    segment.elsewhere ||
    attempt.fusion !== undefined ||
    segment.fusion !== undefined
  ) {
    return null;
  }
  if (!isRunnable(session, task, segment, failed)) {
    return null;
  }
  const own = new Set(deviceKeys(attempt));
  const busy = busyDevices(session);
  const wanted = new Set(deviceKeys(segment));
  const isFirst = plan.segments.every(
    other =>
      other.task === segment.task ||
      other.start >= segment.start ||
      deviceKeys(other).every(key => !wanted.has(key))
  );
  if (!isFirst || [...wanted].some(key => busy.has(key) && !own.has(key))) {
    return null;
  }
  const next = attemptAt(session, task, wishOf(session, stretch, time), time);
  const body = startOf(session, task, next);
  return {
    session: withTask(session, task.spec.name, { next }),
    commands: [{ kind: 'start', node: next.node, body: { ...body, after: attempt.number } }]
  };
}

/** Note what happened to a rank group, be it that which trains a task or that which is to take over from it. */
export function noteAttempt(session: ISession, event: GroupEvent): IStep {
  const task = findTask(session, event.task);
  if (!task?.next || !isActive(task)) {
    return { session: noteGroup(session, event), commands: [] };
  }
  return event.attempt === task.next.number
    ? noteNext(session, task, task.next, event)
    : { session: noteLeaving(session, task, task.next, event), commands: [] };
}

/** The next group waits, or cannot: then the task moves as if there were none. */
function noteNext(session: ISession, task: TaskState, next: Attempt, event: GroupEvent): IStep {
  switch (event.kind) {
    case 'ready':
      return leave(session, task);
    case 'failed':
    case 'oom':
    case 'lost':
    case 'stopped': {
      const left = leave(withTask(session, event.task, { next: undefined }), task);
      return isOfDevice(event.error)
        ? { ...left, session: excludeDevices(left.session, next.node, next.devices, event.error) }
        : left;
    }
    default:
      // It trains: the other is over.
      return { session: noteGroup(takenOver(session, task, next, event.time), event), commands: [] };
  }
}

/** A task that moves though no group is there to take over: what never ran was no attempt. */
export function withoutNext(task: TaskState): TaskState {
  return { ...task, next: undefined, ...(task.status === 'stopping' ? {} : LEAVING) };
}

const LEAVING = { status: 'stopping', moving: true } as const;

/** Have the group that trains a task leave, so that the task goes on by the plan. */
export function leave(session: ISession, task: TaskState): IStep {
  const attempt = lastAttempt(task);
  return attempt && task.status !== 'stopping'
    ? {
        session: withTask(session, task.spec.name, LEAVING),
        commands: stopGroup(session.state, task, attempt)
      }
    : { session, commands: [] };
}

/** However the group ends that trains a task: unless the task is finished, the next goes on with it. */
function noteLeaving(session: ISession, task: TaskState, next: Attempt, event: GroupEvent): ISession {
  const noted = noteGroup(session, event);
  const left = findTask(noted, event.task);
  if (!left || isActive(left)) {
    return noted;
  }
  if (left.status === 'finished') {
    return withTask(noted, event.task, { next: undefined });
  }
  const ended = {
    ...left,
    status: task.status,
    moving: task.moving,
    error: task.error,
    givenUp: task.givenUp
  };
  return takenOver(noted, ended, next, event.time);
}

function takenOver(session: ISession, task: TaskState, next: Attempt, time: number): ISession {
  const changed = withTask(session, task.spec.name, inNextHands(task, next, time));
  // What is to be kept free has changed meanwhile.
  return areAllPlannedOn(session.state, next) ? changed : withStalePlan(changed);
}

/** A task that the next group goes on with, whatever became of the one before. */
export function inNextHands(task: TaskState, next: Attempt, time: number): TaskState {
  const { attempts, checkpointStep = 0 } = task;
  const last = attempts.at(-1);
  const before: Attempt[] =
    last && last.endedAt === undefined
      ? [...attempts.slice(0, -1), { ...last, endedAt: time, outcome: 'stopped' }]
      : attempts;
  const isStopped = task.status === 'stopping' && !task.moving;
  return {
    ...task,
    status: isStopped ? 'stopping' : 'starting',
    moving: undefined,
    next: undefined,
    attempts: [...before, { ...next, requestedAt: time, fromStep: checkpointStep }],
    progress: { step: checkpointStep }
  };
}
