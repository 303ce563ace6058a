import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import type { ILoggedCurve } from '../curves/curveChart.js';
import type { Blocks } from '../display/block.js';
import { bestCurves } from '../results/bestCurves.js';
import { scheduleBlock } from './scheduleView.js';
import { statusView } from './statusView.js';

/**
 * What a notebook keeps of a run: where it stands, every task, the schedule with what happened of it, and how the best
 * came to what they are.
 *
 * @param curves - of what the best tasks have logged.
 */
export function runView(
  state: SessionState,
  now: number,
  trans: ITranslation,
  curves: readonly ILoggedCurve[] = []
): Blocks {
  return [...statusView(state, now, trans), scheduleBlock(state, now, trans), bestCurves(curves, trans)];
}
