import type { PlanTask } from '../wire/messages.js';

/**
 * Of the steps of a run, the share that is likely to be made, as a rule may end tasks before their last one: 1 where none is
 * likely to. A run of several tasks lasts as long as the longest of them.
 */
export function likelyShare(tasks: readonly Pick<PlanTask, 'steps' | 'likely'>[]): number {
  const steps = Math.max(0, ...tasks.map(task => task.steps));
  const likely = Math.max(0, ...tasks.map(task => Math.min(task.steps, task.likely ?? task.steps)));
  return steps > 0 ? likely / steps : 1;
}
