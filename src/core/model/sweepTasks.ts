import type { TaskSpec, TaskState } from '../wire/messages.js';

/** Whether a task is a point of a sweep: clones that somebody made of its tasks are none. */
export function isPointOf({ sweep, cloneOf }: TaskSpec, name: string): boolean {
  return sweep === name && cloneOf === undefined;
}

/** Whether a task is compared with others of its sweep: it is a point of it, or goes on in the place of one. */
export function isMember({ cloneOf, warmStart }: TaskSpec): boolean {
  return cloneOf === undefined || warmStart?.continues === true;
}

/** Whether the rule of its sweep has a task wait at a rung, or leave to do so, until it is known whether it goes on. */
export function isPaused({ status, pausedAt }: Pick<TaskState, 'status' | 'pausedAt'>): boolean {
  return pausedAt !== undefined && (status === 'ready' || status === 'stopping');
}

/** The tasks of a sweep that are compared. */
export function membersOf(tasks: readonly TaskState[], name: string): TaskState[] {
  return tasks.filter(({ spec }) => spec.sweep === name && isMember(spec));
}
