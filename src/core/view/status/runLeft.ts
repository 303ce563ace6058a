import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { roughly } from '../format/format.js';
import { lengthWords } from '../format/lengthWords.js';
import { type Outlook, plannedShare } from './plannedShare.js';
import { countedTasks, taskShare } from './progressShare.js';
import { weightsOf } from './taskWork.js';
import { timesLeft } from './timeLeft.js';

/** How long a session still trains. */
export interface IRunLeft {
  readonly seconds: number;
  /** Of some tasks nothing is known yet: it takes that long at least. */
  readonly isLeast: boolean;
}

/**
 * How long all still takes that is to be trained. What no plan has yet trains beside the rest, on whichever devices are free:
 * were that without a gap, all together take no less. Undefined when nothing is known.
 *
 * @param now - seconds since the epoch.
 * @param outlook - what is likely, or what it takes at most where rules may end tasks early.
 */
export function runLeft(state: SessionState, now: number, outlook: Outlook = 'likely'): IRunLeft | undefined {
  const ends = timesLeft(state, now, outlook);
  const planned = ends.size === 0 ? undefined : Math.max(...ends.values());
  const counted = state.goal === 'run' ? countedTasks(state).filter(isLeft) : [];
  const unplanned = counted.filter(({ spec }) => !ends.has(spec.name));
  if (unplanned.length === 0) {
    return planned === undefined ? undefined : { seconds: planned, isLeast: false };
  }
  const weights = weightsOf(counted, state);
  const isLeast = unplanned.some(({ spec }) => !weights.has(spec.name));
  if (planned === undefined && unplanned.every(({ spec }) => !weights.has(spec.name))) {
    return undefined;
  }
  const work = counted.reduce((sum, task) => {
    const { name } = task.spec;
    const likely = outlook === 'likely' ? plannedShare(state, name) : 1;
    return sum + (weights.get(name) ?? 0) * (1 - taskShare(task)) * likely;
  }, 0);
  const devices = state.cluster?.nodes.reduce((sum, node) => sum + node.devices.length, 0) ?? 0;
  return { seconds: Math.max(planned ?? 0, devices > 0 ? work / devices : 0), isLeast };
}

/** `about 40 s left`; where a rule may end tasks early `at most 3 h, likely 35 min left`; `at least 2 min left` before all are known. */
export function leftWords(state: SessionState, now: number, trans: ITranslation): string | undefined {
  const left = runLeft(state, now);
  if (left === undefined || left.seconds <= 0) {
    return undefined;
  }
  const usual = roughly(left.seconds, trans);
  if (left.isLeast) {
    return trans.__('at least %1 left', usual);
  }
  const atMost = state.plan?.plan.atMost === undefined ? undefined : runLeft(state, now, 'most')?.seconds;
  const words = lengthWords(left.seconds, atMost, trans, roughly);
  return words === usual ? trans.__('about %1 left', usual) : trans.__('%1 left', words);
}

/** Whether a task has steps to make, of those that a run is to train. */
function isLeft(task: TaskState): boolean {
  const { status, moving } = task;
  return (
    status !== 'finished' && status !== 'stopped' && (status !== 'stopping' || !!moving) && !isPaused(task)
  );
}
