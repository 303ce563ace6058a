import { derived } from '../../model/derived.js';
import type { Plan, Segment, SessionState } from '../../wire/messages.js';

/** Whether what is told is what is likely, or how it is were no task ended by a rule before its last step. */
export type Outlook = 'likely' | 'most';

/** Of the steps that a stretch of the plan has a task make, the share that is likely to be made: 1 where no rule may end it. */
export function shareOf({ steps, likely = steps }: Pick<Segment, 'steps' | 'likely'>): number {
  return steps > 0 ? likely / steps : 1;
}

/** The same of all that the plan has a task do; 1 for one that it does not have. */
export function plannedShare({ plan }: Pick<SessionState, 'plan'>, task: string): number {
  return (plan && sharesIn(plan.plan).get(task)) ?? 1;
}

const sharesIn = derived(({ segments }: Plan): ReadonlyMap<string, number> => {
  const sums = new Map<string, { steps: number; likely: number }>();
  for (const { task, steps, likely = steps } of segments) {
    const sum = sums.get(task) ?? { steps: 0, likely: 0 };
    sums.set(task, { steps: sum.steps + steps, likely: sum.likely + likely });
  }
  return new Map([...sums].map(([task, sum]) => [task, shareOf(sum)]));
});
