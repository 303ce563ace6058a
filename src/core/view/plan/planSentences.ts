import type { ITranslation } from '../../model/translation.js';
import type { EarlyPrice, Plan, SessionState, Switching } from '../../wire/messages.js';
import { type Block, lead, sentence } from '../display/block.js';
import { count, duration, percent, taskCount } from '../format/format.js';
import { lengthWords } from '../format/lengthWords.js';

/** Differences smaller than this share are none. */
const NOTHING_MUCH = 0.0005;

/** How long the plan takes, how good that is, what keeps it from being shorter, and what switching would save. */
export function planSentences(plan: Plan, trans: ITranslation): Block[] {
  const tasks = new Set(plan.segments.map(segment => segment.task)).size;
  if (tasks === 0) {
    return [lead(trans.__('The plan is empty: there is nothing to train.'))];
  }
  const { weightedCompletion, switching } = plan;
  const quality =
    plan.method === 'given'
      ? trans.__('You gave it: how much shorter one could be was not looked for.')
      : plan.optimal
        ? trans.__('No plan can be shorter.')
        : trans.__(
            'At most %1 above the best possible: no plan can be shorter than %2.',
            percent(plan.gap, trans),
            duration(plan.lowerBound, trans)
          );
  const saved = switching && savedBySwitching(plan, switching, trans);
  return [
    lead(
      trans.__('The plan: %1 in %2.', taskCount(tasks, trans), lengthWords(plan.makespan, plan.atMost, trans))
    ),
    sentence([quality, bindingSentence(plan, trans)].filter(Boolean).join(' ')),
    ...(weightedCompletion
      ? [
          sentence(
            trans.__(
              'It puts important tasks first: the sum of all ends, each times its weight, is %1, at most %2 above the best possible.',
              duration(weightedCompletion.seconds, trans),
              percent(weightedCompletion.gap, trans)
            )
          )
        ]
      : []),
    ...(saved ? [sentence(saved)] : []),
    ...(plan.early ? [sentence(earlyPrice(plan.early, trans))] : [])
  ];
}

/** What it costs that no task goes on before all have reached the steps of this plan. */
export function earlyPrice({ makespan, without }: EarlyPrice, trans: ITranslation): string {
  return trans.__(
    'It is that of the first steps, which all tasks reach before any goes on: %1 in all, instead of %2 (%3 longer).',
    duration(makespan, trans),
    duration(without, trans),
    percent(without > 0 ? makespan / without - 1 : 0, trans)
  );
}

/** Whether the plan is about to be replaced, or should be; nothing for one that stands. */
export function planAge(
  { plan, planning, goal }: Pick<SessionState, 'plan' | 'planning' | 'goal'>,
  trans: ITranslation
): Block | false {
  if (!plan) {
    return false;
  }
  if (planning) {
    return sentence(trans.__('A better plan is being looked for.'));
  }
  if (!plan.fresh && goal === 'run') {
    return sentence(trans.__('Something has changed since; it is planned anew by itself where that pays.'));
  }
  return (
    !plan.fresh &&
    sentence(
      trans.__(
        'Tasks, devices or measurements changed since this plan was made. Make a new one with `%saturn plan`.'
      ),
      'warning'
    )
  );
}

/** What keeps a plan from being shorter, in a sentence or none. */
function bindingSentence({ explanation, optimal, binding }: Plan, trans: ITranslation): string {
  if (explanation) {
    return explanation.binding;
  }
  return optimal
    ? ''
    : {
        area: trans.__(
          'All devices together set that limit; only more devices or faster strategies lower it.'
        ),
        'longest-task': trans.__('The longest task alone sets that limit.'),
        packing: trans.__('The tasks do not fit together without idle devices.'),
        none: ''
      }[binding];
}

/** What tasks that change their strategy while they train would save, in a sentence. */
function savedBySwitching(plan: Plan, switching: Switching, trans: ITranslation): string | undefined {
  const saved = plan.makespan - switching.makespan;
  if (saved > NOTHING_MUCH * plan.makespan) {
    return trans._n(
      'Changing strategies while tasks train would save %3 (%4), with %2 switch.',
      'Changing strategies while tasks train would save %3 (%4), with %2 switches.',
      switching.switches,
      count(switching.switches),
      duration(saved, trans),
      percent(saved / plan.makespan, trans)
    );
  }
  if (isSwitched(plan)) {
    return undefined;
  }
  const possible = plan.makespan - switching.lowerBound;
  return possible > NOTHING_MUCH * plan.makespan
    ? trans.__(
        'Changing strategies while tasks train saves nothing that was found, and at most %1.',
        duration(possible, trans)
      )
    : trans.__('Changing strategies while tasks train cannot save anything.');
}

function isSwitched(plan: Plan): boolean {
  return new Set(plan.segments.map(({ task }) => task)).size < plan.segments.length;
}
