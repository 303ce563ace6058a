import { isPaused } from '../../model/sweepTasks.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { leftOut } from './leftOut.js';
import { plannedShare } from './plannedShare.js';
import { weightsOf } from './taskWork.js';

/** What is not all done is never told to be. */
const NEARLY = 0.999;

const shares = new WeakMap<SessionState, number | undefined>();

/**
 * How much of the session is trained, from 0 to 1: each task by the device time it takes in all, with what those in training
 * have done; steps that are not likely to be made count as little. Tasks that failed, cannot be built or are left out count no
 * more, nor do those that the run under way is not of, as they were not chosen or were stopped; of those that a rule has given
 * up, what they did is all there was.
 * 1 only when all others are trained; undefined when there are none.
 */
export function progressShare(state: SessionState): number | undefined {
  if (!shares.has(state)) {
    shares.set(state, shareOf(state));
  }
  return shares.get(state);
}

function shareOf(state: SessionState): number | undefined {
  const counted = countedTasks(state);
  if (counted.length === 0) {
    return undefined;
  }
  if (counted.every(task => task.status === 'finished' || isGivenUp(task))) {
    return 1;
  }
  const weights = weightsOf(counted, state);
  const known = [...weights.values()];
  const usual = known.length === 0 ? 1 : known.reduce((sum, weight) => sum + weight, 0) / known.length;
  let all = 0;
  let done = 0;
  for (const task of counted) {
    const weight = weights.get(task.spec.name) ?? usual;
    const share = taskShare(task);
    const rest = isGivenUp(task) || isPaused(task) ? 0 : plannedShare(state, task.spec.name) * (1 - share);
    all += weight * (share + rest);
    done += weight * share;
  }
  return Math.min(NEARLY, all > 0 ? done / all : 0);
}

/** Whether a rule has ended a task: what it has done is all that there was to do. */
function isGivenUp({ status, givenUp }: TaskState): boolean {
  return status === 'stopped' && givenUp !== undefined;
}

/** How much of its steps a task has done, from 0 to 1: 1 only when it is trained. */
export function taskShare({ status, progress, inspection }: TaskState): number {
  if (status === 'finished') {
    return 1;
  }
  return inspection && inspection.steps > 0
    ? Math.min(NEARLY, Math.max(0, progress.step) / inspection.steps)
    : 0;
}

/** The tasks of which something is done, or is to be. */
export function countedTasks(state: SessionState): TaskState[] {
  const out = new Set(leftOut(state).map(({ task }) => task));
  const selected = state.selected === undefined ? undefined : new Set(state.selected);
  return state.tasks.filter(({ spec: { name }, status, givenUp }) => {
    const waits = status === 'ready' || status === 'stopped' || status === 'inspecting';
    return (
      status !== 'failed' &&
      status !== 'invalid' &&
      !out.has(name) &&
      !(status === 'stopped' && state.goal === 'run' && !givenUp) &&
      !(waits && selected !== undefined && !selected.has(name))
    );
  });
}
