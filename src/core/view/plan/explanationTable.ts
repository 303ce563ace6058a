import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { Alternative, Explanation, Plan, TaskExplanation } from '../../wire/messages.js';
import { duration, NOTHING, percent } from '../format/format.js';
import type { ICell, ITable } from '../format/table.js';

/** How many other strategies are told for each task. */
const ALTERNATIVES = 2;

/** A price below this share of the plan is none. */
const FREE = 0.0005;

/** What {@link explanationTable} is about. */
export const explanationTitle = (trans: ITranslation): string =>
  trans.__('Why these strategies: how much longer the plan would be with another');

/** For every task: its strategy, what the next best would cost, and how wrong its estimate may be. */
export function explanationTable(
  explanation: Explanation,
  { makespan }: Pick<Plan, 'makespan'>,
  trans: ITranslation
): ITable {
  const words = ({ strategy, price }: Alternative): string =>
    price > FREE * makespan
      ? trans.__('%1 +%2', strategyLabel(strategy), duration(price, trans))
      : trans.__('%1 as short', strategyLabel(strategy));
  return {
    columns: [
      { label: trans.__('Task') },
      { label: trans.__('Strategy'), narrow: 'below' },
      { label: trans.__('Instead') },
      { label: trans.__('Holds until it is'), align: 'right' }
    ],
    rows: explanation.tasks.map(task => [
      task.task,
      strategyLabel(task.strategy),
      insteadCell(bestAlternatives(task).map(words), bestAlternatives(task, Infinity).map(words)),
      task.tolerance === undefined
        ? trans.__('whatever its speed')
        : trans.__('%1 slower', percent(task.tolerance, trans))
    ])
  };
}

function insteadCell(best: readonly string[], all: readonly string[]): ICell {
  return {
    text: best.join(', ') || NOTHING,
    ...(best.length > 0 && { lines: best }),
    title: all.join('\n')
  };
}

/** The cheapest other strategies of a task, cheapest first. */
function bestAlternatives({ alternatives }: TaskExplanation, most = ALTERNATIVES): Alternative[] {
  return [...alternatives].sort((a, b) => a.price - b.price).slice(0, most);
}
