import type { INodeProblem } from './nodeProblem.js';

/** Points of a front at most; beyond, neighbours are taken together, which claims a little more than is possible. */
const LARGEST_FRONT = 512;

/** Fronts kept; with 16 bytes a point that is 64 MB at most. */
const MOST_FRONTS = 8192;

/** Both ascending: with so many seconds so much useful work can be done, and no more before the next. */
export interface IFront {
  seconds: Float64Array;
  useful: Float64Array;
}

/**
 * How much useful work one device can do in a given time with some jobs, each run at most once: a knapsack. A job's
 * useful work is the fewest device-seconds it takes, shared equally by the devices that run it. Added up over the
 * devices of a node this bounds what gets done there, since in any plan each device runs some of the jobs one after
 * another.
 */
export class DeviceFilling {
  /** Per type, by how much a job of it adds to the number of a set of jobs. */
  readonly radix: number[] = [];
  /** Per type, the useful work of a job, in device-seconds. */
  readonly useful: number[] = [];
  /** Whether sets of jobs have numbers of their own, which too many jobs have not. */
  readonly exact: boolean;
  private readonly _fronts = new Map<number, IFront>();

  /**
   * @_longest _longest - plans sought take no more seconds than that.
   */
  constructor(
    private readonly _problem: INodeProblem,
    private readonly _longest: number
  ) {
    let radix = 1;
    for (const { count, configs } of _problem.types) {
      this.radix.push(radix);
      radix *= count + 1;
      let least = Infinity;
      for (const { devices, seconds } of configs) {
        if (seconds <= _longest && devices <= _problem.free.length) {
          least = Math.min(least, devices * seconds);
        }
      }
      this.useful.push(least);
    }
    this.exact = radix <= Number.MAX_SAFE_INTEGER;
  }

  /** What a device can do with the jobs `left`, whose number is `key`; undefined when there is no room to know. */
  frontOf(key: number, left: Int32Array): IFront | undefined {
    const known = this._fronts.get(key);
    if (known !== undefined || this._fronts.size >= MOST_FRONTS) {
      return known;
    }
    let front: IFront = { seconds: new Float64Array(1), useful: new Float64Array(1) };
    const type = left.findIndex(count => count > 0);
    if (type >= 0) {
      left[type]!--;
      const rest = this.frontOf(key - this.radix[type]!, left);
      left[type]!++;
      if (rest === undefined) {
        return undefined;
      }
      front = rest;
      for (const { devices, seconds } of this._problem.types[type]!.configs) {
        front = this._merge(front, rest, seconds, this.useful[type]! / devices);
      }
      front = coarsened(front);
    }
    this._fronts.set(key, front);
    return front;
  }

  /** The best of a front and of another to which a job is added. */
  private _merge(front: IFront, rest: IFront, seconds: number, useful: number): IFront {
    const length = front.seconds.length + rest.seconds.length;
    const merged = { seconds: new Float64Array(length), useful: new Float64Array(length) };
    let count = 0;
    let most = -1;
    let i = 0;
    let j = 0;
    while (i < front.seconds.length || j < rest.seconds.length) {
      const own = front.seconds[i] ?? Infinity;
      const other = (rest.seconds[j] ?? Infinity) + seconds;
      const time = Math.min(own, other);
      if (time > this._longest) {
        break;
      }
      const value = own <= other ? front.useful[i++]! : rest.useful[j++]! + useful;
      if (value > most) {
        most = value;
        // Of two points at the same time the second is better.
        count -= count > 0 && merged.seconds[count - 1] === time ? 1 : 0;
        merged.seconds[count] = time;
        merged.useful[count++] = value;
      }
    }
    return { seconds: merged.seconds.slice(0, count), useful: merged.useful.slice(0, count) };
  }
}

/** The most useful work in a time. */
export function mostWithin({ seconds, useful }: IFront, time: number): number {
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

function coarsened(front: IFront): IFront {
  let { seconds, useful } = front;
  while (seconds.length > LARGEST_FRONT) {
    const { length } = seconds;
    const [times, values] = [seconds, useful];
    seconds = Float64Array.from(
      { length: Math.ceil((length + 1) / 2) },
      (_, k) => times[Math.max(0, 2 * k - 1)]!
    );
    useful = Float64Array.from(seconds, (_, k) => values[Math.min(length - 1, 2 * k)]!);
  }
  return { seconds, useful };
}
