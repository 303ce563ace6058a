import { hasDiverged } from '../model/divergence.js';
import { membersOf } from '../model/sweepTasks.js';
import type { Failure, SessionState, SweepState, TaskState, TaskStatus } from '../wire/messages.js';
import { type ISession, withNotice } from './session.js';
import { countOf } from './taskTable.js';

const FAULTS: readonly TaskStatus[] = ['failed', 'invalid', 'stopped'];

/**
 * The session that says so when nothing has come of a sweep: the last of its points has failed, cannot be built or has diverged,
 * and there are no others.
 *
 * @param before - the session before the event.
 */
export function withFailedSweeps(before: ISession, session: ISession): ISession {
  if (!session.state.sweeps || faults(session.state) <= faults(before.state)) {
    return session;
  }
  return session.state.sweeps.reduce((told, sweep) => {
    const failed = failureOf(session.state, sweep);
    return failed && !failureOf(before.state, sweep) ? withNotice(told, failed) : told;
  }, session);
}

function faults({ tasks }: SessionState): number {
  return FAULTS.reduce((sum, status) => sum + countOf(tasks, status), 0);
}

function failureOf({ tasks }: SessionState, { spec, made }: SweepState): Failure | undefined {
  const own = membersOf(tasks, spec.name);
  const [first] = own;
  if (!first || made < (spec.points ?? 0) || !own.every(isFault)) {
    return undefined;
  }
  const reason = first.error?.message ?? 'it gives no reason.';
  return {
    code: 'sweep-failed',
    message: `Nothing has come of ${spec.name}: all its ${own.length} points failed. ${first.spec.name}: ${reason}`,
    hint: 'Correct its cell, or what it sweeps over, and run it again.'
  };
}

function isFault(task: TaskState): boolean {
  return task.status === 'failed' || task.status === 'invalid' || hasDiverged(task);
}
