import type { SessionState, TaskState } from '../../wire/messages.js';
import { ruledSweep, rungsFrom } from './ladder.js';

/**
 * How many steps a task is likely to make yet, as the rule of its sweep may give it up at each rung that is before it;
 * undefined when none is.
 *
 * @param done - steps that it has made, as far as can be told; what its last rung said may still be on its way.
 * @param last - step to which it is planned.
 */
export function likelySteps(
  state: SessionState,
  task: TaskState,
  done: number,
  last: number
): number | undefined {
  const told = Math.min(done, task.progress.step);
  const rungs = rungsFrom({ state }, task, told).filter(step => step > 0 && step < last);
  const ruled = ruledSweep(state, task);
  const share = ruled?.rule.goOn(ruled.numbers) ?? 1;
  return share < 1 && rungs.length > 0 && done < last ? expectedSteps(done, last, rungs, share) : undefined;
}

/**
 * The mean of how many steps are made until one, when at each rung only a share of those that reach it goes on.
 *
 * @param rungs - ascending, before the last step.
 * @param share - above 0, at most 1.
 */
export function expectedSteps(done: number, last: number, rungs: readonly number[], share: number): number {
  let [sum, reach, from] = [0, 1, done];
  for (const rung of [...rungs, last]) {
    sum += reach * Math.max(0, rung - from);
    reach *= share;
    from = Math.max(from, rung);
  }
  return sum;
}
