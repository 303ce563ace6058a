import type { FailedTrials, ITried } from '../profiling/failedTrials.js';
import { type IGridCell, profileGrid } from '../profiling/profileGrid.js';
import { trialCandidates } from '../profiling/trialCandidates.js';
import type { Failure, ProfileCell, TaskState } from '../wire/messages.js';
import { plannedCluster } from './plannedCluster.js';
import { failedTrials, measuredCells } from './profileTable.js';
import { type ISession, isFailedInTrial, mapTasks, withState } from './session.js';
import { countOf } from './taskTable.js';

/**
 * The session in which those tasks that wait have failed of which trials found it: what works for tasks of the same
 * signature failed for them, or nothing is left to try. A task of which that is no longer known is ready again.
 */
export function withVerdicts(session: ISession): ISession {
  const { cells, tasks } = session.state;
  const failures = cells.some(cell => cell.status === 'failed');
  if (!failures && (countOf(tasks, 'failed') === 0 || !tasks.some(isFailedInTrial))) {
    return session;
  }
  const failed = failedTrials(measuredCells(cells));
  return mapTasks(session, task => {
    const isTold = task.status === 'ready' && !task.inspection?.partial;
    if (!isTold && !isFailedInTrial(task)) {
      return task;
    }
    const error = verdict(session, task, failed);
    if (error) {
      return task.error === error ? task : { ...task, status: 'failed', error };
    }
    const { error: _gone, ...rest } = task;
    return task.status === 'ready' ? task : { ...rest, status: 'ready' };
  });
}

/** The session that does not know of the failed trials of some tasks, by their hashes. */
export function forgetFailures(session: ISession, hashes: ReadonlySet<string>): ISession {
  const { cells } = session.state;
  const left = cells.filter(({ status, hash }) => status !== 'failed' || !hashes.has(hash ?? ''));
  return left.length < cells.length ? withState(session, { cells: left }) : session;
}

function verdict(session: ISession, task: TaskState, failed: FailedTrials): Failure | undefined {
  const { spec, inspection } = task;
  if (!inspection) {
    return undefined;
  }
  const tried = { signature: inspection.signature, hash: spec.hash };
  if (!failed.hasFailed(inspection.signature)) {
    return undefined;
  }
  const fault = failed.fault(tried);
  if (fault) {
    return errorOf(fault);
  }
  const grid = profileGrid([task], { cluster: plannedCluster(session.state), failed });
  const failures = grid.flatMap(({ strategy, model }) => failed.failure(tried, strategy, model) ?? []);
  return failures.length > 0 && isHopeless(session, grid, tried, failed)
    ? errorOf(failures[0] as ProfileCell)
    : undefined;
}

/** Whether no strategy works for a task, nor is one left that deserves a trial. */
function isHopeless(
  { state: { cells } }: ISession,
  grid: readonly IGridCell[],
  tried: ITried,
  failed: FailedTrials
): boolean {
  const measured = measuredCells(cells);
  const works = measured.some(
    cell =>
      cell.status === 'ok' &&
      cell.signature === tried.signature &&
      failed.failure(tried, cell.strategy, cell.model) === undefined
  );
  return !works && trialCandidates(grid, measured).open.length === 0;
}

function errorOf({ error }: ProfileCell): Failure {
  return error ?? { code: 'internal', message: 'The trial failed without a message.' };
}
