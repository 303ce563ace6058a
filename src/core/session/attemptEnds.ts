import type { Attempt, GroupEvent, TaskState } from '../wire/messages.js';

/** The attempts of a task with another in the place of the last. */
export function replaceLast(task: TaskState, attempt: Attempt): Attempt[] {
  return [...task.attempts.slice(0, -1), attempt];
}

/** A task whose attempt is over. */
export function ended(
  task: TaskState,
  attempt: Attempt,
  event: GroupEvent,
  outcome: NonNullable<Attempt['outcome']>
): Pick<TaskState, 'attempts' | 'moving'> {
  return { attempts: replaceLast(task, { ...attempt, endedAt: event.time, outcome }), moving: undefined };
}
