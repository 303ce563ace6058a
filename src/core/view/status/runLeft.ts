import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { roughly } from '../format/format.js';
import { lengthWords } from '../format/lengthWords.js';
import { plannedShare } from './plannedShare.js';
import { countedTasks, taskShare } from './progressShare.js';
import { weightsOf } from './taskWork.js';
import { sessionTimeLeft, timesLeft } from './timeLeft.js';

/** How long a session still trains. */
export interface IRunLeft {
  readonly seconds: number;
  /** Of some tasks nothing is known yet: it takes that long at least. */
  readonly isLeast: boolean;
}

/**
 * How long all still takes that is to be trained. Tasks that no plan has yet take what was measured of them, on whichever
 * devices are free: were that without a gap, all together take no less. Undefined when nothing is known.
 *
 * @param now - seconds since the epoch.
 */
export function runLeft(state: SessionState, now: number): IRunLeft | undefined {
  const ends = timesLeft(state, now);
  const waiting =
    state.goal === 'run'
      ? countedTasks(state).filter(task => !ends.has(task.spec.name) && waitsForPlan(task))
      : [];
  const planned = ends.size === 0 ? undefined : Math.max(...ends.values());
  if (waiting.length === 0) {
    return planned === undefined ? undefined : { seconds: planned, isLeast: false };
  }
  const weights = weightsOf(waiting, state);
  if (planned === undefined && weights.size === 0) {
    return undefined;
  }
  let work = runningWork(state, ends);
  for (const task of waiting) {
    const { name } = task.spec;
    work += (weights.get(name) ?? 0) * (1 - taskShare(task)) * plannedShare(state, name);
  }
  const devices = state.cluster?.nodes.reduce((sum, node) => sum + node.devices.length, 0) ?? 0;
  const shared = devices > 0 ? work / devices : 0;
  return { seconds: Math.max(planned ?? 0, shared), isLeast: weights.size < waiting.length };
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
  const atMost = state.plan?.plan.atMost === undefined ? undefined : sessionTimeLeft(state, now, 'most');
  const words = lengthWords(left.seconds, atMost, trans, roughly);
  return words === usual ? trans.__('about %1 left', usual) : trans.__('%1 left', words);
}

/** Whether a task is to train as soon as there is a plan with it. */
function waitsForPlan(task: TaskState): boolean {
  return (task.status === 'ready' || task.status === 'inspecting') && !isPaused(task);
}

/** Device-seconds that what trains still needs. */
function runningWork({ tasks }: SessionState, ends: ReadonlyMap<string, number>): number {
  return tasks.reduce((sum, { spec, attempts }) => {
    const attempt = attempts.at(-1);
    const seconds = attempt && attempt.endedAt === undefined ? (ends.get(spec.name) ?? 0) : 0;
    return sum + seconds * (attempt?.strategy.devices ?? 0);
  }, 0);
}
