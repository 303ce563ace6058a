import { bytes } from '../model/quantities.js';
import { DISK_FAILED } from '../wire/failure.js';
import type { Failure, SessionEvent, SessionState, TaskState } from '../wire/messages.js';
import { countDevices, plannedCluster } from './plannedCluster.js';
import { type ISession, isOpen, withNotice, withState } from './session.js';
import { activeTasks, hasActive, isActive } from './taskTable.js';

/** Kept for the journal, logs and what else a session writes beside checkpoints, in bytes. */
export const RESERVE_BYTES = 32 * 2 ** 20;

/** So much more room than is needed there must be before a session goes on, lest it is paused again at once. */
const RELIEF = 1.25;

/** What did not fit although there was room, as far as one could see, is tried again after so many seconds. */
const RETRY_SECONDS = 60;

/** Codes of failures that are the disk's, and no task's: it is full, or takes nothing for another reason. */
const OF_STORAGE: ReadonlySet<string> = new Set(['disk-full', DISK_FAILED]);

/** Whether a failure is that of the disk, and no task's. */
export function isOfStorage(error: Failure | undefined): error is Failure {
  return error !== undefined && OF_STORAGE.has(error.code);
}

/**
 * What the session is going to write next, in bytes: a checkpoint of each task that trains, beside those it has, and one of
 * the largest that waits.
 */
export function neededBytes(state: SessionState): number {
  const waiting = state.tasks.reduce(
    (most, task) =>
      task.status === 'ready' && isOpen(task, state) ? Math.max(most, checkpointBytes(task)) : most,
    0
  );
  const training = activeTasks(state.tasks).reduce((sum, task) => sum + checkpointBytes(task), 0);
  return RESERVE_BYTES + training + waiting;
}

/**
 * What must be free for a paused session to go on, in bytes: a quarter more than what is needed once as many tasks train as
 * can, with the largest among them. Else it would begin what it then had no room for.
 */
export function reliefBytes(state: SessionState): number {
  const devices = countDevices(plannedCluster(state).nodes);
  const together = Math.min(devices, state.wishes?.concurrent ?? Infinity);
  const largest = state.tasks
    .filter(task => isActive(task) || (task.status === 'ready' && isOpen(task, state)))
    .map(checkpointBytes)
    .sort((a, b) => b - a)
    .slice(0, together + 1);
  return Math.ceil(RELIEF * largest.reduce((sum, one) => sum + one, RESERVE_BYTES));
}

/** Where it is not known, only the ranks themselves look whether there is room. */
function checkpointBytes({ inspection }: TaskState): number {
  return inspection?.savedBytes ?? 0;
}

/**
 * What the room on a session's disk brings about.
 *
 * @param freeBytes - what is free there; undefined where that cannot be told.
 * @param now - seconds since the epoch.
 */
export function storageEvent(
  { state }: ISession,
  freeBytes: number | undefined,
  now: number
): SessionEvent | undefined {
  const { goal, pause, trials, tasks } = state;
  if (pause) {
    const isOld = now - pause.since >= RETRY_SECONDS;
    if (freeBytes === undefined) {
      return isOld ? { kind: 'storage-free' } : undefined;
    }
    // That it was full may have been seen where nobody can look: a quota, another disk.
    const isDue = isOld || pause.error.code === NEARLY_FULL;
    return isDue && freeBytes >= reliefBytes(state) ? { kind: 'storage-free', freeBytes } : undefined;
  }
  if (freeBytes === undefined) {
    return undefined;
  }
  const needed = neededBytes(state);
  const isBusy = goal !== 'none' || trials.length > 0 || hasActive(tasks);
  return isBusy && freeBytes < needed ? { kind: 'storage-short', freeBytes, neededBytes: needed } : undefined;
}

const NEARLY_FULL = 'disk-nearly-full';

/** The session that begins nothing before there is room again. */
export function noteShortage(
  session: ISession,
  { freeBytes, neededBytes: needed }: SessionEvent & { kind: 'storage-short' },
  time: number
): ISession {
  return paused(
    session,
    {
      code: NEARLY_FULL,
      message: `The disk of ${session.state.folder} is nearly full: ${bytes(freeBytes)} are free, and what is saved next takes up to ${bytes(needed)}. The session pauses; all tasks keep their place.`,
      hint: goesOn(session.state)
    },
    time
  );
}

/** The session that something was not written of, as the disk took nothing. What it befell is where it was. */
export function noteDiskFull(session: ISession, error: Failure, time: number): ISession {
  const { code, message, devices: _, ...rest } = error;
  return paused(
    session,
    {
      ...rest,
      code,
      message: `${message} The session pauses; all tasks keep their place.`,
      hint: code === DISK_FAILED ? TRIED_AGAIN : goesOn(session.state)
    },
    time
  );
}

const TRIED_AGAIN = `It is tried again every ${RETRY_SECONDS} seconds, and goes on by itself. What was mounted read-only, as after an error of the disk, is told in the system's log (dmesg).`;

function goesOn(state: SessionState): string {
  return `Free some space: the folder ${state.folder}/archive, where what %saturn remove takes out is kept, may be deleted. As soon as ${bytes(reliefBytes(state))} are free it goes on by itself.`;
}

function paused(session: ISession, error: Failure, time: number): ISession {
  return session.state.pause
    ? session
    : withNotice(
        withState(session, { pause: { error, since: time }, planning: false, probing: false }),
        error
      );
}
