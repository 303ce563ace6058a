import type { ITranslation } from '../../model/translation.js';
import type { Baseline, Plan } from '../../wire/messages.js';
import { duration, percent } from '../format/format.js';

/** A gap below this share is none. */
const NOTHING_MUCH = 0.0005;

/** A plan that is not faster by more than this share is as fast. */
const SAME = 0.03;

/** The rules that run one task after another, that which people follow first. */
const ONE_BY_ONE: readonly Baseline['name'][] = ['current-practice', 'max'];

/** What a plan comes to, in a few words each: `takes 6 min`, `cannot be shorter`, `1.9x faster than one by one`. */
export function planWords(plan: Plan, trans: ITranslation): string[] {
  if (plan.segments.length === 0) {
    return [trans.__('nothing to train')];
  }
  const quality =
    plan.method === 'given'
      ? trans.__('given by you')
      : plan.optimal || plan.gap < NOTHING_MUCH
        ? trans.__('cannot be shorter')
        : trans.__('at most %1 could be saved', percent(1 - plan.lowerBound / plan.makespan, trans));
  const gain = oneByOneWords(plan, trans);
  return [
    trans.__('takes %1', duration(plan.makespan, trans)),
    quality,
    ...(gain === undefined ? [] : [gain])
  ];
}

/** How much faster a plan is than its tasks one by one; undefined where that was not looked at. */
export function oneByOneWords({ baselines, makespan }: Plan, trans: ITranslation): string | undefined {
  const found = ONE_BY_ONE.map(name => baselines.find(baseline => baseline.name === name)).find(
    baseline => baseline !== undefined
  );
  if (found === undefined || !(makespan > 0)) {
    return undefined;
  }
  const times = found.makespan / makespan;
  return times > 1 + SAME
    ? trans.__('%1x faster than running them one by one', Number(times.toPrecision(2)))
    : trans.__('as fast as running them one by one');
}
