import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import type { Blocks } from '../display/block.js';
import { scheduleBlock } from './scheduleView.js';
import { statusView } from './statusView.js';

/** What a notebook keeps of a run: where it stands, every task, and the schedule with what happened of it. */
export function runView(state: SessionState, now: number, trans: ITranslation): Blocks {
  return [...statusView(state, now, trans), scheduleBlock(state, now, trans)];
}
