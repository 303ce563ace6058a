import type { TaskState } from '../wire/messages.js';

/** Code of the failure of a task whose loss, or a weight, is no number any more. */
export const DIVERGED = 'loss-not-finite';

/** Whether a task of a sweep with a rule was given up as it diverged: it has no place among the others, and nobody took its own. */
export function hasDiverged({ status, givenUp }: TaskState): boolean {
  return status === 'stopped' && givenUp !== undefined && givenUp.place === undefined;
}
