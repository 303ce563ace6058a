import { DIVERGED } from '../../model/divergence.js';
import type { GivenUp, GroupEvent, SessionState, TaskState } from '../../wire/messages.js';
import { ruledSweep } from './ladder.js';

/** Whether a task has failed by diverging: where a rule compares it with others, it counts as given up, without a value. */
export function divergedIn(
  state: SessionState,
  task: TaskState,
  { error, step = task.progress.step }: GroupEvent
): GivenUp | undefined {
  const ruled = error?.code === DIVERGED && !task.spared ? ruledSweep(state, task) : undefined;
  return ruled && { rule: ruled.numbers.kind, step };
}
