import { strategyKey } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import type { Failure, ProfileCell, TaskState } from '../wire/messages.js';
import { type ISession, isFailedInTrial, isMeasured, mapTasks, withState } from './session.js';

/**
 * The session in which those tasks that wait have failed of which trials found it: what works for tasks of the same
 * signature failed for them, or nothing is left to try. A task of which that is no longer known is ready again.
 */
export function withVerdicts(session: ISession): ISession {
  const { cells, tasks } = session.state;
  const failures = cells.some(cell => cell.status === 'failed');
  if (!failures && !tasks.some(isFailedInTrial)) {
    return session;
  }
  const failed = new FailedTrials(cells.filter(isMeasured));
  return mapTasks(session, task => {
    if (task.status !== 'ready' && !isFailedInTrial(task)) {
      return task;
    }
    const error = verdict(task, failed, cells);
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

function verdict(
  { spec: { hash }, inspection }: TaskState,
  failed: FailedTrials,
  cells: readonly ProfileCell[]
): Failure | undefined {
  if (!inspection) {
    return undefined;
  }
  const { signature, feasibility } = inspection;
  const fault = failed.fault({ signature, hash });
  if (fault) {
    return errorOf(fault);
  }
  const strategies = feasibility.filter(({ feasible }) => feasible).map(({ strategy }) => strategy);
  const [failure] = strategies.flatMap(strategy => failed.failure({ signature, hash }, strategy) ?? []);
  const unusable = new Set(
    cells
      .filter(cell => cell.signature === signature && (cell.status === 'oom' || cell.status === 'pruned'))
      .map(cell => strategyKey(cell.strategy))
  );
  const isHopeless = strategies.every(
    strategy => unusable.has(strategyKey(strategy)) || failed.isClosed({ signature, hash }, strategy)
  );
  return failure && isHopeless ? errorOf(failure) : undefined;
}

function errorOf({ error }: ProfileCell): Failure {
  return error ?? { code: 'internal', message: 'The trial failed without a message.' };
}
