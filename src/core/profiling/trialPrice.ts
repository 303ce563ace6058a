import type { ProfileCell } from '../wire/messages.js';

/** Steps that a trial makes before it times any. */
const WARM_UP_STEPS = 3;

/**
 * What one more round of trials takes, side by side: the mean of those made, in seconds. Nothing is known of it before
 * the first.
 */
export function trialSeconds(measured: readonly ProfileCell[]): number {
  const times = measured.flatMap(({ status, stepSeconds, steps = 0, startSeconds = 0, saveSeconds = 0 }) =>
    status === 'ok' && stepSeconds !== undefined
      ? [startSeconds + (WARM_UP_STEPS + steps) * stepSeconds + saveSeconds]
      : []
  );
  return times.length === 0 ? 0 : times.reduce((sum, time) => sum + time, 0) / times.length;
}
