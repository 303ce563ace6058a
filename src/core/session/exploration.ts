import type { Attempt, TaskState } from '../wire/messages.js';
import { type ISession, isExploring, lastAttempt } from './session.js';

/**
 * Whether strategies are tried by training: a strategy never changes what is trained, so no step need be thrown away. What
 * is found may move the task, so not where tasks are not to be moved.
 */
export function exploresInRun({ state: { goal, switches } }: Pick<ISession, 'state'>): boolean {
  return goal === 'run' && switches !== 'never';
}

/** Whether a task may explore: it can be moved at any step, and to wherever. */
export function isExplorer({ inspection, wishes }: TaskState): boolean {
  return inspection !== undefined && inspection.native === undefined && wishes?.pin === undefined;
}

/**
 * The rank group of a task that trains, if it measures a strategy of which nothing is known yet. One that leaves tells at its
 * end what it has found: until then nobody else is to find it out.
 */
export function exploration(task: TaskState): Attempt | undefined {
  const attempt = lastAttempt(task);
  return attempt && isExploring(attempt) ? attempt : undefined;
}
