import type { Attempt, GroupEvent, TaskState } from '../wire/messages.js';
import { ended } from './attemptEnds.js';
import { fusionBase, tasksIn } from './fusedRuns.js';
import { losses } from './losses.js';
import { withTrainedCell } from './measurements.js';
import {
  type ISession,
  lastAttempt,
  restingStatus,
  withNotice,
  withStalePlan,
  withStaleProfile,
  withTask
} from './session.js';

/** Code of the failure of tasks whose run ended with another of it: nothing is wrong with them. */
const FELLOW_FAILED = 'fellow-failed';

/** So many tasks in one run do not fit: that says nothing of any of them. All of them tell it, the first with how many it was. */
export function noteRunOutOfMemory(
  session: ISession,
  task: TaskState,
  attempt: Attempt,
  fusion: string,
  event: GroupEvent
): ISession {
  const { tasks } = session.state;
  const isTold = tasks.some(other => {
    const last = lastAttempt(other);
    return last?.fusion === fusion && last.outcome === 'oom';
  });
  const left = withTask(session, task.spec.name, {
    ...ended(task, attempt, event, 'oom'),
    status: restingStatus(task)
  });
  const fused = tasksIn(session.state, fusion).length;
  return isTold || fused < 2
    ? left
    : withStaleProfile(
        withTrainedCell(left, {
          signature: fusionBase(task) ?? '',
          fused,
          strategy: attempt.strategy,
          ...(attempt.model !== undefined && { model: attempt.model }),
          status: 'oom',
          source: 'measured',
          ...(event.error ? { error: event.error } : {})
        })
      );
}

/**
 * A task failed in a run with others: that is no verdict on it before it has failed alone, too. It goes on so; one whose run ended
 * with another goes on by the plan.
 */
export function noteFailedTogether(
  session: ISession,
  task: TaskState,
  attempt: Attempt,
  event: GroupEvent
): ISession {
  const { error = { code: 'internal', message: 'The rank group failed without a message.' } } = event;
  const isOwn = error.code !== FELLOW_FAILED;
  const left = withTask(session, task.spec.name, {
    ...ended(task, attempt, event, isOwn ? 'failed' : 'stopped'),
    status: restingStatus(task)
  });
  return withStalePlan(
    isOwn
      ? withNotice(left, {
          ...error,
          message: `${task.spec.name}: ${error.message} It was trained with others; it goes on alone.`
        })
      : left
  );
}

/**
 * Whether a task is to be trained alone: it was lost without a word, and it is not known since that it lasts, or it has failed with
 * others.
 */
export function isLoner(task: TaskState): boolean {
  const failed = task.attempts.some(({ fusion, outcome }) => fusion !== undefined && outcome === 'failed');
  return failed || losses(task, false) > 0;
}
