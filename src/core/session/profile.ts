import { cellKey } from '../model/strategy.js';
import type { ProfileCell, SessionEvent } from '../wire/messages.js';
import { type ISession, withGoal, withStalePlan, withState } from './session.js';

/** Measuring is wanted: of what could change the plan, or of everything; again if forced. */
export function noteProfile(
  session: ISession,
  { force = false, excludeTechniques }: SessionEvent & { kind: 'profile-requested' }
): ISession {
  const asked = force ? forgetCells(session) : session;
  return withGoal(
    excludeTechniques ? withStalePlan(withState(asked, { excludeTechniques })) : asked,
    'profile'
  );
}

function forgetCells(session: ISession): ISession {
  const again = new Set(
    session.state.tasks.filter(task => task.status === 'ready').map(task => task.inspection?.signature)
  );
  return withStalePlan(
    withState(session, { cells: session.state.cells.filter(cell => !again.has(cell.signature)) })
  );
}

/** A trial is over; the answer to one that nobody waits for any more is dropped. */
export function noteTrial(session: ISession, id: string, cell: ProfileCell): ISession {
  if (!session.state.trials.some(trial => trial.id === id)) {
    return session;
  }
  const key = cellKey(cell.signature, cell.strategy);
  return withStalePlan(
    withState(session, {
      trials: session.state.trials.filter(trial => trial.id !== id),
      trialsDone: session.state.trialsDone + 1,
      cells: [...session.state.cells.filter(old => cellKey(old.signature, old.strategy) !== key), cell]
    })
  );
}

/** Take in what earlier sessions measured; what this one measured itself, or is about to, stands. */
export function noteRecalled(session: ISession, recalled: readonly ProfileCell[]): ISession {
  const { cells, trials } = session.state;
  const known = new Set([...cells, ...trials].map(one => cellKey(one.signature, one.strategy)));
  const added = recalled
    .filter(cell => !known.has(cellKey(cell.signature, cell.strategy)))
    .map(cell => ({ ...cell, recalled: true }));
  return added.length > 0 ? withStalePlan(withState(session, { cells: [...cells, ...added] })) : session;
}
