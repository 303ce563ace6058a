import { strategyLabel } from '../../model/strategy.js';
import type { Alternative, Explanation, Plan, TaskExplanation } from '../../wire/messages.js';
import { duration, NOTHING, percent } from '../format/format.js';
import type { ITable } from '../format/table.js';

/** How many other strategies are told for each task. */
const ALTERNATIVES = 2;

/** A price below this share of the plan is none. */
const FREE = 0.0005;

/** What another strategy costs: `+14 min`, or that the plan stays as short. */
export function priceWords({ price }: Alternative, makespan: number): string {
  return price > FREE * makespan ? `+${duration(price)}` : 'as short';
}

/** How wrong the estimate of a chosen strategy may be. */
export function toleranceWords({ tolerance }: TaskExplanation): string {
  return tolerance === undefined ? 'whatever its speed' : `${percent(tolerance)} slower`;
}

/** The cheapest other strategies of a task, cheapest first. */
export function bestAlternatives({ alternatives }: TaskExplanation, most = ALTERNATIVES): Alternative[] {
  return [...alternatives].sort((a, b) => a.price - b.price).slice(0, most);
}

/** For every task: its strategy, what the next best would cost, and how wrong its estimate may be. */
export function explanationTable(explanation: Explanation, plan: Pick<Plan, 'makespan'>): ITable {
  const words = (alternative: Alternative): string =>
    `${strategyLabel(alternative.strategy)} ${priceWords(alternative, plan.makespan)}`;
  return {
    caption: 'Why these strategies: how much longer the plan would be with another',
    columns: [
      { label: 'Task' },
      { label: 'Strategy' },
      { label: 'Instead' },
      { label: 'Holds until it is', align: 'right' }
    ],
    rows: explanation.tasks.map(task => [
      task.task,
      strategyLabel(task.strategy),
      {
        text: bestAlternatives(task).map(words).join(', ') || NOTHING,
        title: bestAlternatives(task, Infinity).map(words).join('\n')
      },
      toleranceWords(task)
    ])
  };
}
