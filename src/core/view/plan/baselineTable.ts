import type { ITranslation } from '../../model/translation.js';
import type { Baseline, Plan } from '../../wire/messages.js';
import { duration, NOTHING, percent } from '../format/format.js';
import type { ITable } from '../format/table.js';

/** Differences smaller than this share are none. */
const SAME = 0.0005;

/** A simple rule's plan beside the plan proper, in words. */
export interface IComparison {
  readonly baseline: Baseline;
  readonly takes: string;
  /** `12 % longer`. */
  readonly thanPlan: string;
  /** How the rule plans. */
  readonly how: string;
}

/** What {@link comparisons} are. */
export const comparisonTitle = (trans: ITranslation): string => trans.__('Compared with simple rules');

/** What simple rules would need, the best first. */
export function comparisons({ baselines, makespan }: Plan, trans: ITranslation): IComparison[] {
  return [...baselines]
    .sort((a, b) => a.makespan - b.makespan)
    .map(baseline => ({
      baseline,
      takes: duration(baseline.makespan, trans),
      thanPlan: difference(baseline.makespan, makespan, trans),
      how: ruleWords(baseline.name, trans)
    }));
}

/** What simple rules would need, as a table. */
export function baselineTable(plan: Plan, trans: ITranslation): ITable {
  return {
    caption: comparisonTitle(trans),
    columns: [
      { label: trans.__('Rule') },
      { label: trans.__('Takes'), align: 'right' },
      { label: trans.__('Than this plan'), align: 'right' },
      { label: trans.__('How') }
    ],
    rows: comparisons(plan, trans).map(({ baseline, takes, thanPlan, how }) => [
      baseline.name,
      takes,
      thanPlan,
      how
    ])
  };
}

function difference(baseline: number, makespan: number, trans: ITranslation): string {
  if (!(makespan > 0)) {
    return NOTHING;
  }
  const more = baseline / makespan - 1;
  if (Math.abs(more) < SAME) {
    return trans.__('the same');
  }
  return more > 0
    ? trans.__('%1 longer', percent(more, trans))
    : trans.__('%1 shorter', percent(-more, trans));
}

function ruleWords(name: Baseline['name'], trans: ITranslation): string {
  return {
    max: trans.__('every task on as many devices as it can use, one after another'),
    min: trans.__('every task on as few devices as it can use'),
    random: trans.__('strategies, places and order by chance'),
    'current-practice': trans.__('each task alone on a node, by its fastest strategy there'),
    'optimus-static': trans.__('devices given out once, one by one to the task they help most'),
    'optimus-dynamic': trans.__('as optimus-static, given out again whenever a task ends'),
    'round-robin': trans.__('every task in turn for a while on all devices of a node')
  }[name];
}
