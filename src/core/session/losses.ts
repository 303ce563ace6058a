import type { Failure, TaskState } from '../wire/messages.js';

/**
 * How often a task was lost before without a new checkpoint since, or somebody asking for it again; by its own fault, perhaps, or
 * by no fault of its.
 */
export function losses({ attempts }: TaskState, blameless: boolean): number {
  const saved = attempts.findLastIndex(({ savedStep }) => savedStep !== undefined);
  const retried = attempts.findLastIndex(attempt => attempt.retried === true);
  const since = attempts.slice(Math.max(0, saved, retried + 1));
  return since.filter(one => (blameless ? one.blameless === true : one.outcome === 'lost' && !one.blameless))
    .length;
}

/** Why a task is not started again that was lost so many times. */
export function lostTooOften({ spec }: TaskState, error: Failure, times: number): Failure {
  return {
    ...error,
    message: `${error.message} This was time ${times} without a new checkpoint; it is not started again.`,
    hint: [error.hint, `Try it again with %saturn retry ${spec.name}.`].filter(Boolean).join(' ')
  };
}
