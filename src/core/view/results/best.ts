import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { metric } from '../format/format.js';
import { rankedValue, ranking, ruleOf } from './criterion.js';

/** One of the best of the trained tasks. */
export interface IBest {
  readonly task: string;
  /** What it is ranked by, in words. */
  readonly value: string;
}

/** The best of the trained tasks, best first, and what they are ranked by. */
export interface IBestTasks {
  /** A metric's name, or that it is the loss of training. */
  readonly by: string;
  readonly tasks: readonly IBest[];
  /** How many are ranked in all. */
  readonly all: number;
}

/** The best few of the trained tasks. */
export function bestTasks(tasks: readonly TaskState[], most: number, trans: ITranslation): IBestTasks {
  const ranked = ranking(tasks);
  const rule = ruleOf(ranked);
  return {
    by: rule.metric ?? trans.__('training loss'),
    tasks: ranked.slice(0, most).map(task => ({
      task: task.spec.name,
      value: task.result?.evaluationError ? trans.__('not evaluated') : metric(rankedValue(task, rule), trans)
    })),
    all: ranked.length
  };
}
