import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskStatus } from '../../wire/messages.js';
import { type Block, sentence } from '../display/block.js';
import { moment } from '../format/format.js';

const CHANGING: ReadonlySet<TaskStatus> = new Set(['inspecting', 'starting', 'running', 'stopping']);

/** Whether a session changes by itself: something is built, measured, planned or trained, or will be. */
export function isUnderWay(state: Pick<SessionState, 'goal' | 'tasks' | 'trials' | 'planning'>): boolean {
  return (
    state.goal !== 'none' ||
    state.planning ||
    state.trials.length > 0 ||
    state.tasks.some(({ status }) => CHANGING.has(status))
  );
}

/**
 * Of when a picture is that may be looked at much later: while something is under way, of the moment it was drawn;
 * afterwards of the end of the training, if there was any.
 */
export function drawnWhen(state: SessionState, now: number, trans: ITranslation): Block | false {
  if (isUnderWay(state)) {
    return sentence(trans.__('As of %1.', moment(now, true)), 'muted');
  }
  const ended = state.run?.endedAt;
  return ended !== undefined && sentence(trans.__('Ended %1.', moment(ended, true)), 'muted');
}
