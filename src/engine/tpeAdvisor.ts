import { randomUUID } from 'node:crypto';
import { knownPoints, searchedBy } from '../core/search/knownPoints.js';
import type { Point } from '../core/search/space.js';
import type { IExecutor } from './executor/executor.js';
import type { IAdvisor, IPointQuestion } from './pointSource.js';

/** More points than this are not asked for at once, nor told of: the oldest are left out then. */
const MOST_ASKED = 1000;
const MOST_TOLD = 4000;

/** Points by TPE, which Optuna makes beside the session's own node. */
export class TpeAdvisor implements IAdvisor {
  constructor(private readonly _executor: Pick<IExecutor, 'advise'>) {}

  /** @throws SaturnError `no-optuna` or `no-advice`. */
  advise({ sweep, made, count, state }: IPointQuestion): Promise<readonly Point[]> {
    return this._executor.advise({
      id: randomUUID(),
      seed: sweep.seed,
      first: made,
      count: Math.min(count, MOST_ASKED),
      goal: searchedBy(sweep).goal,
      space: sweep.space,
      known: knownPoints(sweep, state.tasks).slice(-MOST_TOLD)
    });
  }
}
