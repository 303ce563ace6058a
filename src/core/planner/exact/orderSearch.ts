import { type DeviceFilling, mostWithin } from './deviceFilling.js';
import { DominanceMemo } from './dominance.js';
import { choicesOf, type IChoice, type INodeProblem, type INodeStart } from './nodeProblem.js';

/** When to give up. */
export interface INodeSearchLimit {
  /** States of the search to visit at most. */
  nodes: number;
  /** Asked now and then: whether to end early. */
  stop?: () => boolean;
}

/**
 * The target in whole units of time; durations are rounded down to such. Times then add up exactly, in any order, and
 * the target is raised by far more than a plan gains from the rounding.
 */
export const UNITS = 2 ** 43;

/** Bytes for states found to be hopeless. */
const MEMORY = 256 * 2 ** 20;

/** Share of all device-seconds by which sums of them may be off. */
const SLACK = 1e-11;

/** Share by which amounts of useful work, which do not add up exactly, may differ. */
const FUZZ = 1e-9;

/** With so many jobs left it is worth looking at what each device can do with them. */
const FILLING_LARGEST = 7;

/** States visited between two looks at the limit. */
const STRIDE = 1024;

/** Thrown to leave the recursion. */
class OutOfBudget extends Error {}

/**
 * Depth-first search over the order of starts.
 *
 * Some plan as short as any other starts every job, in the order of starts, as soon as enough devices have become
 * free; so a state is the sorted times at which devices become free and the jobs that remain. Of the device-seconds
 * until the target only those not needed at least may be wasted, by idling or by configurations that take more than
 * the least device-seconds; a state that has wasted more is left. So is one that is no better in any free time than
 * another with the same jobs left that led nowhere.
 */
export class OrderSearch {
  private readonly _size: number;
  private readonly _free: Float64Array[];
  private readonly _memo: DominanceMemo;
  private readonly _state: Float64Array;
  private readonly _left: Int32Array;
  private readonly _least: Float64Array;
  private readonly _radix: number[];
  private readonly _path: IStarted[] = [];
  private readonly _unit: number;
  /** Longest first. */
  private readonly _choices: IChoice[];
  private readonly _byType: IChoice[][];
  private readonly _slack: number;
  /** Device-seconds of useful work to be done before {@link _half}; 0 when mirroring is not allowed. */
  private readonly _early: number = 0;
  private readonly _half: number;
  nodes = 0;

  constructor(
    problem: INodeProblem,
    private readonly _limit: INodeSearchLimit,
    private readonly _filling: DeviceFilling,
    unit: number
  ) {
    const { free, types } = problem;
    this._size = free.length;
    const jobs = types.reduce((sum, { count }) => sum + count, 0);
    this._free = Array.from({ length: jobs + 1 }, () => new Float64Array(this._size));
    this._free[0]!.set([...free].sort((a, b) => a - b));
    this._memo = new DominanceMemo(this._size + 1, MEMORY);
    this._state = new Float64Array(this._size + 1);
    this._left = Int32Array.from(types, ({ count }) => count);
    this._least = new Float64Array(types.length);
    this._radix = _filling.radix;
    this._unit = unit * (1 + FUZZ);
    this._slack = this._size * UNITS * SLACK;
    this._half = UNITS / 2;
    this._choices = choicesOf(problem, UNITS);
    this._byType = types.map((_, type) => this._choices.filter(choice => choice.type === type));
    if (free.every(time => time === 0) && this._choices.every(({ onlyAtStart }) => !onlyAtStart)) {
      const useful = (type: number) => this._byType[type]![0]?.useful ?? Infinity;
      const area = types.reduce((sum, { count }, type) => (count > 0 ? sum + count * useful(type) : sum), 0);
      this._early = area / 2;
    }
  }

  run(): 'feasible' | 'infeasible' | 'unknown' {
    if (this._free[0]!.some(time => time > UNITS)) {
      return 'infeasible';
    }
    const key = this._left.reduce((sum, count, type) => sum + count * this._radix[type]!, 0);
    try {
      return this._visit(0, key, 0, 0, 0) ? 'feasible' : 'infeasible';
    } catch (error) {
      if (error instanceof OutOfBudget) {
        return 'unknown';
      }
      throw error;
    }
  }

  /** The plan found. */
  order(): INodeStart[] {
    return this._path.map(({ choice: { type, config } }) => ({ type, config }));
  }

  /**
   * Whether a plan can be completed.
   *
   * @param key - number of the jobs left.
   * @param now - start of the last job; none starts earlier.
   * @param first - of jobs that start at `now`, the first choice allowed: those before have been tried.
   * @param useful - device-seconds of useful work before {@link half} by jobs started.
   */
  private _visit(depth: number, key: number, now: number, first: number, useful: number): boolean {
    if (key === 0) {
      return true;
    }
    if (++this.nodes % STRIDE === 0 && (this.nodes >= this._limit.nodes || this._limit.stop?.())) {
      throw new OutOfBudget();
    }
    const { _size: size, _left: left, _least: least, _half: half, _state: state, _path: path } = this;
    const free = this._free[depth]!;
    let capacity = 0;
    let beforeHalf = useful;
    for (let i = 0; i < size; i++) {
      const from = Math.max(free[i]!, now);
      state[i] = from;
      capacity += UNITS - from;
      if (from < half) {
        beforeHalf += half - from;
      }
    }
    if (beforeHalf < this._early - this._slack) {
      return false;
    }
    let soonestEnd = Infinity;
    let demand = 0;
    let jobs = 0;
    let work = 0;
    for (let type = 0; type < left.length; type++) {
      const count = left[type]!;
      if (count === 0) {
        continue;
      }
      jobs += count;
      work += count * this._filling.useful[type]!;
      let smallest = Infinity;
      for (const { devices, seconds, onlyAtStart, area } of this._byType[type]!) {
        const ready = free[devices - 1]!;
        if (onlyAtStart && ready > 0) {
          continue;
        }
        const end = ready + seconds;
        if (end < soonestEnd && end > ready) {
          soonestEnd = end;
        }
        if (area < smallest && Math.max(ready, now) + seconds <= UNITS && !(onlyAtStart && now > 0)) {
          smallest = area;
        }
      }
      least[type] = smallest;
      demand += count * smallest;
    }
    const front = jobs <= FILLING_LARGEST ? this._filling.frontOf(key, left) : undefined;
    if (front !== undefined) {
      let possible = 0;
      for (let i = 0; i < size; i++) {
        possible += mostWithin(front, (UNITS - state[i]!) * this._unit);
      }
      if (possible < work * (1 - FUZZ)) {
        return false;
      }
    }
    const budget = capacity - demand + this._slack;
    if (!(budget >= 0)) {
      return false;
    }
    state[size] = -Math.min(useful, this._early);
    if (this._memo.covers(key, state)) {
      return false;
    }
    const smallestAreas = least.slice();
    let idle = 0;
    for (let device = 0; device < size; ) {
      const start = free[device]!;
      const smallestCount = device + 1;
      do {
        device++;
      } while (device < size && free[device]! === start);
      if (start < now) {
        continue;
      }
      if (start >= soonestEnd) {
        break;
      }
      idle = 0;
      for (let i = 0; i < smallestCount - 1; i++) {
        idle += start - Math.max(free[i]!, now);
      }
      if (idle > budget) {
        break;
      }
      for (let c = start === now ? first : 0; c < this._choices.length; c++) {
        const choice = this._choices[c]!;
        const { type, devices, seconds } = choice;
        if (
          devices < smallestCount ||
          devices > device ||
          left[type] === 0 ||
          start + seconds > UNITS ||
          idle + choice.area - smallestAreas[type]! > budget ||
          (choice.onlyAtStart && start > 0) ||
          this._swappable(c, start)
        ) {
          continue;
        }
        this._place(depth, devices, start + seconds);
        left[type]!--;
        path.push({ choice, index: c, start, end: start + seconds });
        const done =
          start + seconds <= half
            ? choice.useful
            : start < half
              ? (choice.useful * (half - start)) / seconds
              : 0;
        if (this._visit(depth + 1, key - this._radix[type]!, start, c, useful + done)) {
          return true;
        }
        path.pop();
        left[type]!++;
      }
    }
    state.set(free);
    state[size] = -Math.min(useful, this._early);
    this._memo.add(key, state);
    return false;
  }

  /**
   * Whether a choice would follow directly, on the same devices, a job that could just as well follow it, and that
   * order has been tried. To swap them must not move useful work out of the first half.
   */
  private _swappable(index: number, start: number): boolean {
    const choice = this._choices[index]!;
    return this._path.some(
      before =>
        before.end === start &&
        index < before.index &&
        before.choice.devices === choice.devices &&
        !before.choice.onlyAtStart &&
        !choice.onlyAtStart &&
        (choice.useful * before.choice.area >= before.choice.useful * choice.area ||
          before.start >= this._half ||
          start + choice.seconds <= this._half)
    );
  }

  /** Of the devices free at the start, those that became free last are taken, as `Lanes` does. */
  private _place(depth: number, count: number, end: number): void {
    const { _size: size } = this;
    const from = this._free[depth]!;
    const to = this._free[depth + 1]!;
    const start = from[count - 1]!;
    let next = count;
    while (next < size && from[next]! <= start) {
      next++;
    }
    let write = next - count;
    for (let i = 0; i < write; i++) {
      to[i] = from[i]!;
    }
    while (next < size && from[next]! < end) {
      to[write++] = from[next++]!;
    }
    to.fill(end, write, next);
    for (let i = next; i < size; i++) {
      to[i] = from[i]!;
    }
  }
}

/** A job on the path from the first state. */
interface IStarted {
  choice: IChoice;
  /** Of the choice. */
  index: number;
  start: number;
  end: number;
}
