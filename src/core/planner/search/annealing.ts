/** When a search ends. */
export interface ISearchLimit {
  /** Share of the budget used so far, asked now and then; the search ends at 1. */
  progress(iterations: number): number;
  /** A score that cannot be improved: the search ends when it is reached. */
  target: number;
}

/** States of one kind and the random steps between them, as {@link anneal} sees it. */
export interface INeighbourhood<State> {
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

/** How a search cools down. Temperatures are shares of the score over the neighbourhood's size. */
export interface ICooling {
  hot: number;
  cold: number;
  /** Times the search is heated up, each but the first time from the best state so far. */
  rounds: number;
}

/** Good for a start that nothing has improved yet. */
export const FROM_SCRATCH: ICooling = { hot: 0.1, cold: 0.0025, rounds: 4 };

/** Steps between two looks at the budget; the last stride is always finished. */
const STRIDE = 256;

/**
 * Simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983), reheated a few times.
 *
 * @param onBetter - called with each state better than all before; it may keep it and must not change it.
 */
export function anneal<State>(
  neighbourhood: INeighbourhood<State>,
  limit: ISearchLimit,
  onBetter: (state: State, score: number) => void,
  cooling: ICooling = FROM_SCRATCH
): void {
  const { hot, cold, rounds } = cooling;
  let best = neighbourhood.snapshot();
  let bestScore = neighbourhood.score;
  let round = 0;
  for (let iteration = 0; bestScore > limit.target; iteration += STRIDE) {
    const progress = limit.progress(iteration) * rounds;
    if (progress >= rounds) {
      return;
    }
    if (Math.floor(progress) > round) {
      round = Math.floor(progress);
      neighbourhood.restore(best);
    }
    const heat = hot * (cold / hot) ** (progress - round);
    const temperature = (bestScore * heat) / neighbourhood.size;
    for (let i = 0; i < STRIDE && bestScore > limit.target; i++) {
      neighbourhood.step(temperature);
      if (neighbourhood.score < bestScore) {
        bestScore = neighbourhood.score;
        best = neighbourhood.snapshot();
        onBetter(best, bestScore);
      }
    }
  }
}
