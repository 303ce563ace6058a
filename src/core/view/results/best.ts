import { derived } from '../../model/derived.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { metric } from '../format/format.js';
import { type IRule, rankedValue, ranking, ruleOf } from './criterion.js';
import { type IStanding, sweepStandings } from './sweepStanding.js';
import { valueWords } from './sweepText.js';

/** One of the best tasks. */
export interface IBest {
  readonly task: string;
  /** What it is ranked by, in words. */
  readonly value: string;
}

/** The best of the tasks, best first, and what they are ranked by. */
export interface IBestTasks {
  /** A metric's name, or that it is the loss of training. */
  readonly by: string;
  readonly tasks: readonly IBest[];
  /** How many are ranked in all. */
  readonly all: number;
}

/** The best few: of a sweep that is compared as it trains by their places, else those that are trained, and then others. */
export function bestTasks(state: SessionState, most: number, trans: ITranslation): IBestTasks {
  const { trained, others, rule, by } = rankedOf(state);
  const first = trained.slice(0, most).map(task => ({
    task: task.spec.name,
    value: task.result?.evaluationError ? trans.__('not evaluated') : metric(rankedValue(task, rule), trans)
  }));
  return {
    by: by === undefined || by === null || by === 'loss' ? trans.__('training loss') : by,
    tasks: [
      ...first,
      ...others
        .slice(0, Math.max(0, most - first.length))
        .map(one => ({ task: one.task.spec.name, value: valueWords(one, trans) }))
    ],
    all: trained.length + others.length
  };
}

/** The best of several tasks so far; undefined while fewer than two have a number to be compared by. */
export function bestTask(state: SessionState): string | undefined {
  const { trained, others, rule } = rankedOf(state);
  const compared =
    trained.length > 0
      ? trained.filter(task => !task.result?.evaluationError && Number.isFinite(rankedValue(task, rule)))
      : others.filter(({ value }) => Number.isFinite(value)).map(({ task }) => task);
  return compared.length > 1 ? compared[0]!.spec.name : undefined;
}

interface IRanked {
  /** Trained tasks, best first; none where all are of the one sweep. */
  readonly trained: readonly TaskState[];
  /** Tasks of sweeps beside them. */
  readonly others: readonly IStanding[];
  readonly rule: IRule;
  readonly by: string | null | undefined;
}

const rankedOf = derived((state: SessionState): IRanked => {
  const trained = ranking(state.tasks);
  const rule = ruleOf(trained);
  const sweeps = sweepStandings(state);
  const [first] = sweeps;
  const placed = sweeps.flatMap(({ standings }) => standings.filter(({ place }) => place !== undefined));
  const among = new Set(placed.map(({ task }) => task));
  const isOneSweep = sweeps.length === 1 && trained.every(task => among.has(task));
  return {
    trained: isOneSweep ? [] : trained,
    others: isOneSweep ? placed : placed.filter(({ task }) => task.result === undefined),
    rule,
    by: trained.length === 0 || isOneSweep ? first?.criterion.metric : rule.metric
  };
});
