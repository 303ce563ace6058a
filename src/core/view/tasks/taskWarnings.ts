import type { ITranslation } from '../../model/translation.js';
import type { Inspection, TrackerState } from '../../wire/messages.js';

/** What to beware of with a task: what its inspection found, and what becomes of the trackers that its code asks for. */
export function taskWarnings(
  { warnings, tracking }: Inspection,
  told: readonly TrackerState[],
  trans: ITranslation
): string[] {
  const asked = (tracking?.trackers ?? []).map(({ tracker, asked }) => {
    const one = told.find(({ wish }) => wish.tracker === tracker);
    if (one === undefined) {
      return trans.__('%1 is not set up. Have it told with %saturn track %2', asked, tracker);
    }
    return tracker === 'wandb' && !one.wish.online
      ? trans.__('%1: told by %saturn track, offline', asked)
      : trans.__('%1: told by %saturn track', asked);
  });
  return [...warnings, ...asked];
}
