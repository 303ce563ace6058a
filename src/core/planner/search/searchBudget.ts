import type { PlanBudget } from '../../wire/messages.js';
import type { ISearchLimit } from './annealing.js';

/** How much of a budget in iterations or seconds has been used, over the parts of a search. */
export class SearchBudget {
  private _done = 0;

  /**
   * @_clock _clock - seconds since the budget began; asked only when it sets seconds.
   */
  constructor(
    readonly budget: PlanBudget,
    private readonly _clock: () => number
  ) {}

  /** Seconds since the budget began. */
  get elapsed(): number {
    return this._clock();
  }

  /** A budget that ends when this share of the whole is used. */
  shareOf(share: number): PlanBudget {
    const { iterations, seconds } = this.budget;
    return {
      ...(iterations !== undefined && { iterations: Math.floor(share * iterations) }),
      ...(seconds !== undefined && { seconds: share * seconds })
    };
  }

  /** Share of the budget used; the search ends at 1. */
  get used(): number {
    const { iterations, seconds } = this.budget;
    return Math.max(
      iterations === undefined ? 0 : iterations === 0 ? 1 : this._done / iterations,
      seconds === undefined ? 0 : this.elapsed / seconds
    );
  }

  /** Seconds until a share of the budget is used; Infinity when the budget does not say. */
  secondsUntil(share: number): number {
    const { seconds } = this.budget;
    return seconds === undefined ? Infinity : Math.max(0, share * seconds - this.elapsed);
  }

  /** Iterations left; Infinity when the budget does not say. */
  get iterationsLeft(): number {
    return (this.budget.iterations ?? Infinity) - this._done;
  }

  /** Count work that is as much as some iterations. */
  spend(iterations: number): void {
    this._done += iterations;
  }

  /** A limit for a part of the search: this share of the whole budget, and no more than is left of it. */
  part(share: number, target: number): ISearchLimit {
    const from = this.used;
    const size = Math.max(Number.MIN_VALUE, Math.min(share, 1 - from));
    let before = 0;
    return {
      target,
      progress: iterations => {
        this.spend(iterations - before);
        before = iterations;
        const used = this.used;
        return used >= 1 ? 1 : (used - from) / size;
      }
    };
  }
}
