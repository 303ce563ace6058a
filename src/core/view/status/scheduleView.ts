import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Block, type Blocks, lead, sentence } from '../display/block.js';
import { noPlan, noTasks } from '../display/emptyStates.js';
import type { IGanttInput } from '../gantt/gantt.js';
import { sessionGantt } from '../gantt/sessionGantt.js';
import { progressLine } from './progressLine.js';

/** The schedule: what is planned, and what happened up to now. */
export function scheduleView(state: SessionState, now: number, trans: ITranslation): Blocks {
  const some = state.tasks.length > 0;
  const chart = scheduleBlock(state, now, trans);
  return [
    lead(progressLine(state, now, trans)),
    ...(chart ? [chart] : some ? noPlan(state, trans) : [sentence(noTasks(trans))])
  ];
}

/** The chart of a session; nothing while nothing is planned and nothing happened. */
export function scheduleBlock(state: SessionState, now: number, trans: ITranslation): Block | false {
  return chartBlock(sessionGantt(state, now, trans));
}

/** A chart with those of its sections that hold anything. */
export function chartBlock(chart: IGanttInput | null): Block | false {
  const sections = (['planned', 'actual'] as const).filter(kind =>
    chart?.bars.some(bar => bar.kind === kind)
  );
  return chart !== null && { kind: 'chart', chart, sections };
}
