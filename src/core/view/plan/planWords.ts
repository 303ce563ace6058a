import type { ITranslation } from '../../model/translation.js';
import type { Baseline, Plan, PlanState } from '../../wire/messages.js';
import { clockTime, percent } from '../format/format.js';
import { lengthWords } from '../format/lengthWords.js';

/** A gap below this share is none. */
const NOTHING_MUCH = 0.0005;

/** A plan that is not faster by more than this share is as fast. */
const SAME = 0.03;

/** The rules that run one task after another, that which people follow first. */
const ONE_BY_ONE: readonly Baseline['name'][] = ['current-practice', 'max'];

/**
 * What a plan comes to, in a few words each: `Finishes in 6 min`, `cannot be shorter`, `1.9x faster than running them one by
 * one`; of one that is followed already, when it was made.
 *
 * @param now - seconds since the epoch.
 */
export function planWords(made: PlanState, now: number, trans: ITranslation): string[] {
  const { plan, startedAt } = made;
  if (plan.segments.length === 0) {
    return [trans.__('Nothing to train')];
  }
  const quality =
    plan.method === 'given'
      ? trans.__('given by you')
      : plan.optimal || plan.gap < NOTHING_MUCH
        ? trans.__('cannot be shorter')
        : trans.__('at most %1 could be saved', percent(1 - plan.lowerBound / plan.makespan, trans));
  const gain = oneByOneWords(plan, trans);
  const length = lengthWords(plan.makespan, plan.atMost, trans);
  return [
    startedAt === undefined
      ? trans.__('Finishes in %1', length)
      : trans.__('Planned at %1 to take %2', clockTime(startedAt, now), length),
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
