import type { Criterion, StopRule } from '../../wire/messages.js';

/** What a rule is asked of a task that has come to a rung: scores are the greater the better, of what is no number -Infinity. */
export interface IComparison {
  /** Of the task. */
  readonly score: number;
  /** The best that it had up to now. */
  readonly best: number;
  /** How many are known at the rung, itself included. */
  readonly of: number;
  /** Scores of the others that are known there. */
  readonly others: () => readonly number[];
  /** Its place among all of them, from 1. */
  readonly place: number;
  /** Which of the rungs it is, from 0. */
  readonly rung: number;
  /** How many may still come to the rung. */
  readonly coming: number;
  /** Whether a pause pays: its devices would be free, and some of those to come wait for some. */
  readonly pays: boolean;
}

/** What becomes of a task at a rung: it goes on, waits there until more is known, or is given up. */
export type Verdict = 'goes on' | 'waits' | 'over';

/** By which tasks are given up that train. A rule knows of scores alone: neither of tasks nor of time. */
export interface IStopRule {
  /** Share of its samples after which a task is compared first, unless somebody says when. */
  readonly firstShare: number;
  /** When tasks are compared next, after a comparison that came after so many samples; `first` is that of the first one. */
  readonly next: (samples: number, first: number, numbers: StopRule) => number;
  /** Of the tasks that come to a rung, the share that is likely to go on: by it devices are planned. */
  readonly goOn: (numbers: StopRule) => number;
  /** Asked when a task comes to a rung, and of one that waits there whenever more is known. */
  readonly judge: (comparison: IComparison, numbers: StopRule) => Verdict;
}

/** What a value is worth to a rule; null is no number. */
export function scoreOf(value: number | null, goal: Criterion['goal']): number {
  return value === null ? -Infinity : goal === 'max' ? value : -value;
}

/** How a task compares that comes to a rung where others were before it: of equal ones the earlier has the better place. */
export function arrival(
  score: number,
  others: readonly number[],
  more: Partial<IComparison> = {}
): IComparison {
  const place = 1 + others.filter(other => other >= score).length;
  const of = others.length + 1;
  const alone = { score, best: score, of, others: () => others, place, rung: 0, coming: 0, pays: false };
  return { ...alone, ...more };
}
