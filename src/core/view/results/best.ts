import { ENGLISH, type ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { metric } from '../format/format.js';
import { rankedValue, ranking, ruleOf } from './criterion.js';
import { sweepStandings } from './sweepStanding.js';
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
  const ranked = ranking(state.tasks);
  const rule = ruleOf(ranked);
  const sweeps = sweepStandings(state);
  const [first] = sweeps;
  const placed = sweeps.flatMap(({ standings }) => standings.filter(({ place }) => place !== undefined));
  const among = new Set(placed.map(({ task }) => task));
  const isOneSweep = sweeps.length === 1 && ranked.every(task => among.has(task));
  const others = isOneSweep ? placed : placed.filter(({ task }) => task.result === undefined);
  const trained = (isOneSweep ? [] : ranked).slice(0, most).map(task => ({
    task: task.spec.name,
    value: task.result?.evaluationError ? trans.__('not evaluated') : metric(rankedValue(task, rule), trans)
  }));
  const by = ranked.length === 0 || isOneSweep ? first?.criterion.metric : rule.metric;
  return {
    by: by === undefined || by === null || by === 'loss' ? trans.__('training loss') : by,
    tasks: [
      ...trained,
      ...others
        .slice(0, Math.max(0, most - trained.length))
        .map(one => ({ task: one.task.spec.name, value: valueWords(one, trans) }))
    ],
    all: (isOneSweep ? 0 : ranked.length) + others.length
  };
}

/** The best of several tasks so far; undefined while fewer than two can be compared. */
export function bestTask(state: SessionState): string | undefined {
  const { tasks, all } = bestTasks(state, 1, ENGLISH);
  return all > 1 ? tasks[0]?.task : undefined;
}
