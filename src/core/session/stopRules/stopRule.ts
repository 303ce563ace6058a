import type { Criterion, StopRule } from '../../wire/messages.js';

/** What a rule is asked of a task that has come to a rung: scores are the greater the better, of what is no number -Infinity. */
export interface IComparison {
  /** Of the task. */
  readonly score: number;
  /** The best that it had up to now. */
  readonly best: number;
  /** Of those that were at the rung before it. */
  readonly others: readonly number[];
}

/** By which tasks are given up that train. A rule knows of scores alone: neither of tasks nor of time. */
export interface IStopRule {
  /** Share of its samples after which a task is compared first, unless somebody says when. */
  readonly firstShare: number;
  /** When tasks are compared next, after a comparison that came after so many samples; `first` is that of the first one. */
  readonly next: (samples: number, first: number, numbers: StopRule) => number;
  /** Of the tasks that come to a rung, the share that is likely to go on: by it devices are planned. */
  readonly goOn: (numbers: StopRule) => number;
  /** Whether a task is to be given up. */
  readonly stops: (comparison: IComparison, numbers: StopRule) => boolean;
}

/** What a value is worth to a rule; null is no number. */
export function scoreOf(value: number | null, goal: Criterion['goal']): number {
  return value === null ? -Infinity : goal === 'max' ? value : -value;
}

/** The place of a task among those at a rung, from 1: of equal ones the earlier has the better. */
export function placeOf({ score, others }: Pick<IComparison, 'score' | 'others'>): number {
  return 1 + others.filter(other => other >= score).length;
}
