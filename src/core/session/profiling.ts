import { type CellPlace, keyOfCell } from '../model/strategy.js';
import type { ProfileCell, SessionEvent } from '../wire/messages.js';
import { inspectOnDevice, OTHER_TASK } from './deviceInspections.js';
import { excludeDevices, isOfDevice } from './excludedDevices.js';
import { fusionBase } from './fusedRuns.js';
import { withoutLikeness } from './likePoints.js';
import { measuredCells, placeOfTrial } from './profileTable.js';
import {
  findTask,
  followsGiven,
  type ISession,
  isFailedInTrial,
  waitingTasks,
  withGoal,
  withOtherSpeeds,
  withStalePlan,
  withStaleProfile,
  withState
} from './session.js';
import { isOfStorage, noteDiskFull } from './storage.js';

/** Measuring is wanted: of what could change the plan, or of everything; again if forced. */
export function noteProfile(
  session: ISession,
  { force = false, full = false, excludeTechniques }: SessionEvent & { kind: 'profile-requested' }
): ISession {
  const asked = withTechniques(force ? forgetCells(session) : session, excludeTechniques);
  return withGoal(full ? withStaleProfile({ ...asked, full }) : asked, 'profile');
}

/** The session that leaves out these techniques; those as before when absent. */
export function withTechniques(session: ISession, excluded: readonly string[] | undefined): ISession {
  const before = session.state.excludeTechniques;
  return excluded === undefined || excluded.join() === before.join()
    ? session
    : withStaleProfile(withState(session, { excludeTechniques: [...excluded] }));
}

function forgetCells(session: ISession): ISession {
  const { tasks } = session.state;
  const again = new Set(
    [...waitingTasks(session.state), ...tasks.filter(isFailedInTrial)].flatMap(task => [
      task.inspection?.signature,
      fusionBase(task)
    ])
  );
  return withStaleProfile(
    withState(session, { cells: session.state.cells.filter(cell => !again.has(cell.signature)) })
  );
}

/**
 * A trial is over; the answer to one that nobody waits for any more is dropped. One that was stopped leaves nothing,
 * also if it was quicker than the stop.
 */
export function noteTrial(
  session: ISession,
  id: string,
  cell: ProfileCell | undefined,
  time: number
): ISession {
  const { trials, trialsDone } = session.state;
  const over = trials.find(trial => trial.id === id);
  if (!over) {
    return session;
  }
  const left = trials.filter(trial => trial !== over);
  if (!cell || over.status === 'stopping') {
    return withState(session, { trials: left });
  }
  if (cell.error?.code === OTHER_TASK) {
    const task = findTask(session, over.task);
    if (task?.alike === 'assumed') {
      return withoutLikeness(withState(session, { trials: left }), task);
    }
    // The signature of a trial of several is none of a task.
    const signature = over.fused ? (task?.inspection?.signature ?? '') : cell.signature;
    const again = inspectOnDevice(withState(session, { trials: left }), signature);
    if (again) {
      return again;
    }
  }
  if (isOfStorage(cell.error)) {
    return noteDiskFull(withState(session, { trials: left }), cell.error, time);
  }
  if (isOfDevice(cell.error)) {
    const { node, devices = [] } = over;
    return excludeDevices(withState(session, { trials: left }), node, devices, cell.error);
  }
  const { hash, model, fused, signature } = over;
  const found: ProfileCell = {
    ...cell,
    ...(fused && { signature, fused: fused.length + 1 }),
    ...(hash !== undefined && { hash }),
    ...(model !== undefined && { model })
  };
  if (found.status === 'failed' && !session.state.tasks.some(({ spec }) => spec.hash === found.hash)) {
    // Its task was replaced meanwhile, and takes its failure along.
    return withStaleProfile(withState(session, { trials: left, trialsDone: trialsDone + 1 }));
  }
  const known = withTried(withState(session, { trials: left }), found);
  return found.status === 'ok' && followsGiven(session) ? known : withStalePlan(known);
}

/** The session with one more strategy tried: what was found takes the place of what was known of it. */
export function withTried(session: ISession, found: ProfileCell): ISession {
  const { cells, trialsDone } = session.state;
  return withState(session, {
    trialsDone: trialsDone + 1,
    cells: [...cells.filter(old => !isReplaced(old, found)), found]
  });
}

/** Whether a measurement takes the place of another: what failed for one task stands beside what others found. */
function isReplaced(old: ProfileCell, found: ProfileCell): boolean {
  return (
    keyOfCell(old) === keyOfCell(found) &&
    (old.hash === found.hash || (old.status !== 'failed' && found.status !== 'failed'))
  );
}

/** Take in what earlier sessions measured; what this one measured itself stands. */
export function noteRecalled(session: ISession, recalled: readonly ProfileCell[]): ISession {
  const { cells, trials } = session.state;
  const known = new Set(measuredCells(cells).map(keyOfCell));
  const added = new Map(
    recalled
      .map((cell): [string, ProfileCell] => [keyOfCell(cell), { ...cell, recalled: true }])
      .filter(([key]) => !known.has(key))
  );
  const isNew = (one: CellPlace): boolean => added.has(keyOfCell(one));
  return added.size === 0
    ? session
    : withOtherSpeeds(
        withState(session, {
          cells: [...cells.filter(cell => !isNew(cell)), ...added.values()],
          trials: trials.filter(trial => trial.status !== 'queued' || !isNew(placeOfTrial(trial)))
        })
      );
}
