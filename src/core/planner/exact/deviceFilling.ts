/** A way to run a job, for one of the devices it holds. */
export interface Share {
  seconds: number;
  /** Device-seconds of useful work that each device does. */
  useful: number;
}

/**
 * How much useful work one device can do in a given time with some jobs, each run at most once and in one of several
 * ways: a knapsack. Added up over the devices of a node it bounds what the jobs can get done there, since in any plan
 * each device runs some of the jobs one after another.
 */
export class DeviceFilling {
  private readonly fronts = new Map<number, Front>();

  /**
   * @param shares - per type of job, the ways to run one of them.
   * @param radix - per type, by how much a job of it adds to the number of a set of jobs.
   * @param longest - no device has more time than that.
   */
  constructor(
    private readonly shares: readonly (readonly Share[])[],
    private readonly radix: readonly number[],
    private readonly longest: number
  ) {}

  /** The greatest amounts by time, for the jobs `left`, whose number is `key`. */
  frontOf(key: number, left: Int32Array): Front {
    const known = this.fronts.get(key);
    if (known !== undefined) {
      return known;
    }
    const type = left.findIndex(count => count > 0);
    let front: Front = { seconds: new Float64Array(1), useful: new Float64Array(1) };
    if (type >= 0) {
      left[type]!--;
      const rest = this.frontOf(key - this.radix[type]!, left);
      left[type]!++;
      front = this.extend(rest, this.shares[type]!);
    }
    this.fronts.set(key, front);
    return front;
  }

  private extend({ seconds, useful }: Front, shares: readonly Share[]): Front {
    const points: [number, number][] = [];
    for (const share of [{ seconds: 0, useful: 0 }, ...shares]) {
      for (let i = 0; i < seconds.length && seconds[i]! + share.seconds <= this.longest; i++) {
        points.push([seconds[i]! + share.seconds, useful[i]! + share.useful]);
      }
    }
    points.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let most = -1;
    const kept = points.filter(([, value]) => {
      const better = value > most;
      most = Math.max(most, value);
      return better;
    });
    return {
      seconds: Float64Array.from(kept, ([time]) => time),
      useful: Float64Array.from(kept, ([, value]) => value)
    };
  }
}

/** Both ascending: with so much time so much useful work can be done, and no more before the next. */
interface Front {
  seconds: Float64Array;
  useful: Float64Array;
}

/** The most useful work in a time. */
export function mostWithin({ seconds, useful }: Front, time: number): number {
  let low = 0;
  let high = seconds.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (seconds[middle]! <= time) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return useful[low]!;
}
