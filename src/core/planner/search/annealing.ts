/** When a search ends. */
export interface SearchLimit {
  /** Share of the budget used so far, asked now and then; the search ends at 1. */
  progress(iterations: number): number;
  /** A score that cannot be improved: the search ends when it is reached. */
  target: number;
}

/** A random walk through states of one kind, as {@link anneal} sees it. */
export interface Walk<State> {
  /** What is minimised in the end. It need not be what decides about single steps. */
  readonly score: number;
  /** Number of things that may change. A typical change matters one part in as many. */
  readonly size: number;
  /** Try one random change; keep it when it is better, or by luck when it is worse. */
  step(temperature: number): void;
  /** A copy of the current state. */
  snapshot(): State;
  /** Go on from a copy of another state. */
  restore(state: State): void;
}

/** How a search cools down. Temperatures are shares of the score over the walk's size. */
export interface Cooling {
  hot: number;
  cold: number;
  /** Times the search is heated up, each but the first time from the best state so far. */
  rounds: number;
}

/** Good for a start that nothing has improved yet. */
export const FROM_SCRATCH: Cooling = { hot: 0.1, cold: 0.0025, rounds: 4 };

/** Steps between two looks at the budget; the last stride is always finished. */
const STRIDE = 256;

/**
 * Simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983), reheated a few times.
 *
 * @param onBetter - called with each state better than all before; it may keep it and must not change it.
 */
export function anneal<State>(
  walk: Walk<State>,
  limit: SearchLimit,
  onBetter: (state: State, score: number) => void,
  cooling: Cooling = FROM_SCRATCH
): void {
  const { hot, cold, rounds } = cooling;
  let best = walk.snapshot();
  let bestScore = walk.score;
  let round = 0;
  for (let iteration = 0; bestScore > limit.target; iteration += STRIDE) {
    const progress = limit.progress(iteration) * rounds;
    if (progress >= rounds) {
      return;
    }
    if (Math.floor(progress) > round) {
      round = Math.floor(progress);
      walk.restore(best);
    }
    const heat = hot * (cold / hot) ** (progress - round);
    const temperature = (bestScore * heat) / walk.size;
    for (let i = 0; i < STRIDE && bestScore > limit.target; i++) {
      walk.step(temperature);
      if (walk.score < bestScore) {
        bestScore = walk.score;
        best = walk.snapshot();
        onBetter(best, bestScore);
      }
    }
  }
}
