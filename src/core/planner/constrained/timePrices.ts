/** A way to get something done: when it may begin, how long it takes, and on how many devices. */
export interface ICourse {
  head: number;
  seconds: number;
  devices: number;
}

/** Things that differ in nothing: how many, how much their ends count, and the ways to do each. */
export interface IDemand {
  count: number;
  weight: number;
  courses: ICourse[];
}

/** When each demand begins, and by which of its courses, where that is cheapest. */
export interface IChoice {
  course: number;
  begin: number;
}

/** Intervals of time with prices of their own, and rounds in which these are made better, at most. */
const MOST_INTERVALS = 128;
const MOST_ROUNDS = 400;

/** Ways times intervals times rounds, about: what the bound may cost. */
const EFFORT = 8_000_000;

/** Bounds better by a smaller share are no better. */
const NOTICEABLE = 1e-5;

/** Rounds without a better bound after which steps become shorter. */
const PATIENCE = 12;

/**
 * No plan has a smaller sum of weight times end. Devices cost a price per second that changes in the course of time;
 * each job goes where price and weighted end together are least, whatever the others do; what all devices could earn
 * is taken off. Any prices give a bound: Lagrangian relaxation of the capacity in the time-indexed program (Dyer and
 * Wolsey, Discrete Applied Mathematics 26, 1990), here in continuous time, with prices constant in intervals: then
 * some best course begins or ends where intervals meet, or at its head. Good prices are found by subgradients
 * (Polyak, USSR Comput. Math. Math. Phys. 9, 1969).
 *
 * @param freeAt - when each device becomes free.
 * @param plan - some plan, whose makespan is as far as prices go, in seconds.
 * @param onBetter - called with each demand's choice at prices better than all before.
 */
export function boundByPrices(
  freeAt: readonly number[],
  demands: IDemand[],
  plan: { weighted: number; makespan: number },
  onBetter: (choices: IChoice[]) => void
): number {
  const ways = demands.reduce((sum, { courses }) => sum + courses.length, 0);
  if (ways === 0 || freeAt.length === 0 || plan.makespan <= 0) {
    return 0;
  }
  const intervals = Math.max(8, Math.min(MOST_INTERVALS, Math.floor(EFFORT / 100 / ways)));
  const rounds = Math.min(MOST_ROUNDS, Math.floor(EFFORT / ways / intervals));
  const prices = new TimePrices(freeAt, demands, plan.makespan, intervals);
  let best = 0;
  let step = 1;
  let idle = 0;
  for (let round = 0; round < rounds && step > 1e-3; round++) {
    const { bound, distance, choices } = prices.measure();
    if (bound > best * (1 + NOTICEABLE)) {
      best = bound;
      onBetter(choices);
      idle = 0;
    } else if (++idle > PATIENCE) {
      step /= 2;
      idle = 0;
    }
    if (distance <= 0 || bound >= plan.weighted) {
      break;
    }
    prices.move((step * (plan.weighted - bound)) / distance);
  }
  return best;
}

class TimePrices {
  private readonly _width: number;
  /** Per interval, price of a device-second. */
  private readonly _price: Float64Array;
  /** Price of a device from 0 until each interval begins. */
  private readonly _sum: Float64Array;
  /** Per interval, device-seconds there are. */
  private readonly _room: Float64Array;
  /** Per interval, device-seconds taken beyond what there is. */
  private readonly _excess: Float64Array;

  constructor(
    freeAt: readonly number[],
    private readonly _demands: IDemand[],
    horizon: number,
    private readonly _count: number
  ) {
    this._width = horizon / _count;
    this._price = new Float64Array(_count);
    this._sum = new Float64Array(_count + 1);
    this._excess = new Float64Array(_count);
    this._room = Float64Array.from({ length: _count }, (_, i) =>
      freeAt.reduce(
        (all, free) => all + Math.max(0, (i + 1) * this._width - Math.max(free, i * this._width)),
        0
      )
    );
  }

  /** The bound by the prices as they are, the squared length of their subgradient, and what demands choose. */
  measure(): { bound: number; distance: number; choices: IChoice[] } {
    const { _price: price, _sum: sum, _room: room, _excess: excess, _width: width, _count: count } = this;
    let earned = 0;
    for (let i = 0; i < count; i++) {
      sum[i + 1] = sum[i]! + price[i]! * width;
      earned += price[i]! * room[i]!;
      excess[i] = -room[i]!;
    }
    let paid = 0;
    const choices: IChoice[] = [];
    for (const { count: many, weight, courses } of this._demands) {
      let least = Infinity;
      let begin = 0;
      let chosen = 0;
      const look = (index: number, at: number) => {
        const { seconds, devices } = courses[index]!;
        const cost = weight * (at + seconds) + devices * (this._until(at + seconds) - this._until(at));
        if (cost < least) {
          least = cost;
          begin = at;
          chosen = index;
        }
      };
      for (const [index, { head, seconds }] of courses.entries()) {
        look(index, head);
        for (let i = 0; i <= count; i++) {
          const time = i * width;
          if (time > head) {
            look(index, time);
          }
          if (time - seconds > head) {
            look(index, time - seconds);
          }
        }
      }
      paid += many * least;
      const { seconds, devices } = courses[chosen]!;
      this._use(begin, begin + seconds, many * devices);
      choices.push({ course: chosen, begin });
    }
    let distance = 0;
    for (let i = 0; i < count; i++) {
      if (price[i]! > 0 || excess[i]! > 0) {
        distance += excess[i]! ** 2;
      }
    }
    return { bound: paid - earned, distance, choices };
  }

  /** Go along the subgradient. */
  move(step: number): void {
    for (let i = 0; i < this._count; i++) {
      this._price[i] = Math.max(0, this._price[i]! + step * this._excess[i]!);
    }
  }

  /** Price of a device from 0 until a time; nothing costs anything after the last interval. */
  private _until(time: number): number {
    const at = time / this._width;
    const i = Math.floor(at);
    return i >= this._count
      ? this._sum[this._count]!
      : this._sum[i]! + (at - i) * this._width * this._price[i]!;
  }

  private _use(from: number, to: number, devices: number): void {
    const { _width: width, _count: count, _excess: excess } = this;
    for (let i = Math.floor(from / width); i < count && i * width < to; i++) {
      excess[i]! += devices * (Math.min(to, (i + 1) * width) - Math.max(from, i * width));
    }
  }
}
