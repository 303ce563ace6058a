import type { IProblem } from '../problem/problem.js';

/** When the lanes of each set become free, while runs take one after another. */
export class FreeLanes {
  /** Per set, earliest first. */
  private readonly _free: Float64Array[];

  constructor(private readonly _problem: IProblem) {
    this._free = _problem.lanes.map(free => Float64Array.from(free));
  }

  /** Nothing has been taken. */
  reset(): void {
    for (let set = 0; set < this._free.length; set++) {
      this._free[set]!.set(this._problem.lanes[set]!);
    }
  }

  /** The soonest that one of a set is free. */
  soonest(set: number): number {
    return this._free[set]![0]!;
  }

  /** Take the lane that became free last before a time, which leaves the others to earlier runs. */
  take(set: number, start: number, end: number): void {
    const free = this._free[set]!;
    let lane = 0;
    while (lane + 1 < free.length && free[lane + 1]! <= start) {
      lane++;
    }
    while (lane + 1 < free.length && free[lane + 1]! < end) {
      free[lane] = free[lane + 1]!;
      lane++;
    }
    free[lane] = end;
  }
}
