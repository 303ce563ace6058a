import { cellKey } from '../model/strategy.js';
import type { ProfileCell, SessionEvent } from '../wire/messages.js';
import {
  type ISession,
  isMeasured,
  waitingTasks,
  withGoal,
  withStalePlan,
  withStaleProfile,
  withState
} from './session.js';
import { DEVICE_BUSY, noteBusy } from './stopping.js';

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
  const again = new Set(waitingTasks(session.state).map(task => task.inspection?.signature));
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
  const { cells, trials, trialsDone } = session.state;
  const over = trials.find(trial => trial.id === id);
  if (!over) {
    return session;
  }
  const left = trials.filter(trial => trial !== over);
  if (!cell || over.status === 'stopping') {
    return withState(session, { trials: left });
  }
  if (cell.error?.code === DEVICE_BUSY) {
    return noteBusy(withState(session, { trials: left }), cell.error, time);
  }
  const key = cellKey(cell.signature, cell.strategy);
  return withStalePlan(
    withState(session, {
      trials: left,
      trialsDone: trialsDone + 1,
      cells: [...cells.filter(old => cellKey(old.signature, old.strategy) !== key), cell]
    })
  );
}

/** Take in what earlier sessions measured; what this one measured itself stands. */
export function noteRecalled(session: ISession, recalled: readonly ProfileCell[]): ISession {
  const { cells, trials } = session.state;
  const known = new Set(cells.filter(isMeasured).map(cell => cellKey(cell.signature, cell.strategy)));
  const added = new Map(
    recalled
      .map((cell): [string, ProfileCell] => [
        cellKey(cell.signature, cell.strategy),
        { ...cell, recalled: true }
      ])
      .filter(([key]) => !known.has(key))
  );
  const isNew = (one: Pick<ProfileCell, 'signature' | 'strategy'>): boolean =>
    added.has(cellKey(one.signature, one.strategy));
  return added.size === 0
    ? session
    : withStaleProfile(
        withState(session, {
          cells: [...cells.filter(cell => !isNew(cell)), ...added.values()],
          trials: trials.filter(trial => trial.status !== 'queued' || !isNew(trial))
        })
      );
}
