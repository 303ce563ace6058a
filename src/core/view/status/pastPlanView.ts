import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Blocks, lead, sentence } from '../display/block.js';
import { clockTime } from '../format/format.js';
import { pastGantt } from '../gantt/sessionGantt.js';
import { planSentences } from '../plan/planSentences.js';
import { replanSentence } from './replans.js';
import { chartBlock } from './scheduleView.js';

/** The plan as it was at a time, and what had happened by then. */
export function pastPlanView(state: SessionState, then: number, trans: ITranslation): Blocks {
  const replan = state.replans?.at(-1);
  return [
    lead(trans.__('The plan as it was at %1.', pastTime(then))),
    replan !== undefined && sentence(replanSentence(replan, then, trans)),
    ...(state.plan ? planSentences(state.plan.plan, trans) : []),
    chartBlock(pastGantt(state, then, trans))
  ];
}

/** A moment that may be of another day than now, to the second. */
export function pastTime(secondsSinceEpoch: number): string {
  return clockTime(secondsSinceEpoch, 0, true);
}
