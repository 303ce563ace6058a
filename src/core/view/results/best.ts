import type { ITranslation } from '../../model/translation.js';
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

/** The best few of the trained tasks; then those of sweeps that were compared as they train. */
export function bestTasks(state: SessionState, most: number, trans: ITranslation): IBestTasks {
  const ranked = ranking(state.tasks);
  const rule = ruleOf(ranked);
  const [first] = sweepStandings(state);
  const compared = sweepStandings(state).flatMap(({ standings }) =>
    standings.filter(({ task, place }) => place !== undefined && task.result === undefined)
  );
  const trained = ranked.slice(0, most).map(task => ({
    task: task.spec.name,
    value: task.result?.evaluationError ? trans.__('not evaluated') : metric(rankedValue(task, rule), trans)
  }));
  const others = compared
    .slice(0, most - trained.length)
    .map(one => ({ task: one.task.spec.name, value: valueWords(one, trans) }));
  const by = ranked.length === 0 ? first?.criterion.metric : rule.metric;
  return {
    by: by ?? trans.__('training loss'),
    tasks: [...trained, ...others],
    all: ranked.length + compared.length
  };
}
