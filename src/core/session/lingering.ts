import type { Plan, TaskState } from '../wire/messages.js';
import { areAllPlannedOn, deviceKeys } from './plannedCluster.js';
import { measuredCell } from './profileTable.js';
import { type ISession, lastAttempt } from './session.js';
import { type IStretch, targetStep } from './stretches.js';

/**
 * Step up to which a task that trains, and is to go on elsewhere later, trains where it is, as the plan has its devices do nothing
 * until then.
 *
 * @param asked - when the plan's times begin, in seconds since the epoch.
 * @param time - now, in seconds since the epoch.
 * @returns undefined when it is to leave at once: others are to have its devices, or what is asked of all leaves no room.
 */
export function lingersUntil(
  { state }: ISession,
  plan: Plan,
  task: TaskState,
  { segment }: IStretch,
  { asked, time }: { readonly asked: number; readonly time: number }
): number | undefined {
  const attempt = lastAttempt(task);
  const { concurrent, deviceSeconds, cost } = state.wishes ?? {};
  const isLimited = [concurrent, deviceSeconds, cost].some(limit => limit !== undefined);
  if (
    !attempt ||
    isLimited ||
    task.next ||
    attempt.fusion !== undefined ||
    !areAllPlannedOn(state, attempt)
  ) {
    return undefined;
  }
  // What is only reported is not journaled: it goes by what was measured, and by when it began.
  const { stepSeconds, startedAt, fromStep = 0 } = attempt;
  if (task.status !== 'running' || !stepSeconds || startedAt === undefined) {
    return undefined;
  }
  const own = new Set(deviceKeys(attempt));
  const isWanted = plan.segments.some(
    other =>
      other.task !== segment.task &&
      other.start < segment.start &&
      deviceKeys(other).some(key => own.has(key))
  );
  const { saveSeconds = 0 } = measuredCell(state.cells, task, attempt.strategy, attempt.model) ?? {};
  const left = asked + segment.start - saveSeconds - time;
  const until = fromStep + Math.floor((time + left - startedAt) / stepSeconds);
  return !isWanted && left > stepSeconds && until < targetStep(task) ? until : undefined;
}
