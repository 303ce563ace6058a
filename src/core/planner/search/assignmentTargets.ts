/** Where targets are, between what is known and what is not: the lower the easier to refute. */
const LOWER = 0.35;

/** Targets closer than this share are not told apart. */
const PRECISION = 5e-4;

/** Which makespans to look for assignments for: bisection between what did not pack and what was too hard to say. */
export class AssignmentTargets {
  /** An assignment for this target did not pack. */
  private _unpacked = 0;
  /** Whether there is an assignment for this target took too long to say. */
  private _undecided = Infinity;

  /**
   * The next target, in seconds. When the range is used up it begins anew.
   *
   * @param bound - no plan is shorter.
   * @param makespan - of the best plan.
   */
  next(bound: number, makespan: number): number {
    const low = Math.max(bound, this._unpacked);
    const high = Math.min(makespan, this._undecided);
    if (high - low > PRECISION * low) {
      return low + LOWER * (high - low);
    }
    this._unpacked = 0;
    this._undecided = Infinity;
    return bound + LOWER * (makespan - bound);
  }

  /** A plan met the last target. */
  met(): void {
    this._unpacked = 0;
  }

  /** Assignments were found for a target, but did not pack. */
  missed(target: number): void {
    this._unpacked = target;
  }

  /** No answer was found in time. */
  tooHard(target: number): void {
    this._undecided = target;
  }
}
