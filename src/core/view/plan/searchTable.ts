import type { ITranslation } from '../../model/translation.js';
import type { PlanStep } from '../../wire/messages.js';
import { duration, NOTHING, percent } from '../format/format.js';
import type { ITable } from '../format/table.js';

/** Rows of the table of a search. */
const MOST_ROWS = 10;

/** Steps of a search in which plan or bound changed as they are read, the last always; at most as many as asked. */
export function thinned(log: readonly PlanStep[], most = MOST_ROWS): PlanStep[] {
  const last = log.length - 1;
  return log.length <= most
    ? [...log]
    : Array.from({ length: most }, (_, i) => log[Math.round((i * last) / (most - 1))] as PlanStep);
}

/** How plan and bound came together, as a table. */
export function searchTable(log: readonly PlanStep[], trans: ITranslation): ITable {
  const time = (seconds: number | undefined): string => duration(seconds, trans);
  return {
    columns: [
      { label: trans.__('After'), align: 'right' },
      { label: trans.__('Plan'), align: 'right' },
      { label: trans.__('Lower bound'), align: 'right' },
      { label: trans.__('Gap'), align: 'right' },
      { label: trans.__('Found by') }
    ],
    rows: thinned(log).map(step => [
      time(step.seconds),
      time(step.makespan),
      time(step.lowerBound),
      step.lowerBound > 0 ? percent(step.makespan / step.lowerBound - 1, trans) : NOTHING,
      step.method
    ])
  };
}
