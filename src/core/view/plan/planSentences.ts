import { constraintLabel } from '../../model/constraints/constraints.js';
import type { Conflict, Plan, Switching } from '../../wire/messages.js';
import { type IPart, lead, sentence, tablePart } from '../format/display.js';
import { duration, percent, plural } from '../format/format.js';

/** Differences smaller than this share are none. */
const NOTHING_MUCH = 0.0005;

/** How long the plan takes, how good that is, what keeps it from being shorter, and what switching would save. */
export function planSentences(plan: Plan): IPart[] {
  const tasks = new Set(plan.segments.map(segment => segment.task)).size;
  if (tasks === 0) {
    return [lead('The plan is empty: there is nothing to train.')];
  }
  const quality = plan.optimal
    ? 'No plan can be shorter.'
    : `At most ${percent(plan.gap)} above the best possible: no plan can be shorter than ${duration(plan.lowerBound)}.`;
  const switching = plan.switching && savedBySwitching(plan, plan.switching);
  const { weightedCompletion } = plan;
  return [
    lead(`The plan: ${plural(tasks, 'task')} in ${duration(plan.makespan)}.`),
    sentence([quality, bindingOf(plan)].filter(Boolean).join(' ')),
    ...(weightedCompletion
      ? [
          sentence(
            `It puts important tasks first: the sum of all ends, each times its weight, is ${duration(weightedCompletion.seconds)}, at most ${percent(weightedCompletion.gap)} above the best possible.`
          )
        ]
      : []),
    ...(switching ? [sentence(switching)] : [])
  ];
}

/** What keeps a plan from being shorter, in a sentence or none. */
export function bindingOf(plan: Plan): string {
  if (plan.explanation) {
    return plan.explanation.binding;
  }
  return plan.optimal
    ? ''
    : {
        area: 'All devices together set that limit; only more devices or faster strategies lower it.',
        'longest-task': 'The longest task alone sets that limit.',
        packing: 'The tasks do not fit together without idle devices.',
        none: ''
      }[plan.binding];
}

/** What tasks that change their strategy while they train would save, in a sentence. */
export function savedBySwitching(plan: Plan, switching: Switching): string | undefined {
  const saved = plan.makespan - switching.makespan;
  const switches = plural(switching.switches, 'switch', 'switches');
  if (saved > NOTHING_MUCH * plan.makespan) {
    return `Changing strategies while tasks train would save ${duration(saved)} (${percent(saved / plan.makespan)}), with ${switches}.`;
  }
  if (isSwitched(plan)) {
    return undefined;
  }
  const possible = plan.makespan - switching.lowerBound;
  return possible > NOTHING_MUCH * plan.makespan
    ? `Changing strategies while tasks train saves nothing that was found, and at most ${duration(possible)}.`
    : 'Changing strategies while tasks train cannot save anything.';
}

function isSwitched(plan: Plan): boolean {
  return new Set(plan.segments.map(({ task }) => task)).size < plan.segments.length;
}

/** Constraints that the plan does not meet, and what would have to give way. */
export function conflictTable(conflicts: readonly Conflict[]): IPart {
  return tablePart({
    caption: `Not met: ${plural(conflicts.length, 'wish', 'wishes')}`,
    columns: [{ label: 'Wish' }, { label: 'Why' }, { label: 'Other plans' }, { label: 'What would help' }],
    rows: conflicts.map(conflict => [
      constraintName(conflict),
      { text: conflict.message, tone: 'warning' },
      conflict.proven === true ? 'none can meet it' : 'none was found',
      conflict.relax ?? ''
    ])
  });
}

/** `deadline of digits-vit`. */
function constraintName({ constraint, task }: Conflict): string {
  return task === undefined ? constraintLabel(constraint) : `${constraintLabel(constraint)} of ${task}`;
}
