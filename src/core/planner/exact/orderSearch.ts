import { type DeviceFilling, mostWithin } from './deviceFilling.js';
import { DominanceMemo } from './dominance.js';
import { type Choice, choicesOf, type NodeProblem, type NodeStart } from './nodeProblem.js';

/** When to give up. */
export interface NodeSearchLimit {
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
  private readonly size: number;
  private readonly free: Float64Array[];
  private readonly memo: DominanceMemo;
  private readonly state: Float64Array;
  private readonly left: Int32Array;
  private readonly least: Float64Array;
  private readonly radix: number[];
  private readonly path: Started[] = [];
  private readonly unit: number;
  /** Longest first. */
  private readonly choices: Choice[];
  private readonly byType: Choice[][];
  private readonly slack: number;
  /** Device-seconds of useful work to be done before {@link half}; 0 when mirroring is not allowed. */
  private readonly early: number = 0;
  private readonly half: number;
  nodes = 0;

  constructor(
    problem: NodeProblem,
    private readonly limit: NodeSearchLimit,
    private readonly filling: DeviceFilling,
    unit: number
  ) {
    const { free, types } = problem;
    this.size = free.length;
    const jobs = types.reduce((sum, { count }) => sum + count, 0);
    this.free = Array.from({ length: jobs + 1 }, () => new Float64Array(this.size));
    this.free[0]!.set([...free].sort((a, b) => a - b));
    this.memo = new DominanceMemo(this.size + 1, MEMORY);
    this.state = new Float64Array(this.size + 1);
    this.left = Int32Array.from(types, ({ count }) => count);
    this.least = new Float64Array(types.length);
    this.radix = filling.radix;
    this.unit = unit * (1 + FUZZ);
    this.slack = this.size * UNITS * SLACK;
    this.half = UNITS / 2;
    this.choices = choicesOf(problem, UNITS);
    this.byType = types.map((_, type) => this.choices.filter(choice => choice.type === type));
    if (free.every(time => time === 0) && this.choices.every(({ onlyAtStart }) => !onlyAtStart)) {
      const useful = (type: number) => this.byType[type]![0]?.useful ?? Infinity;
      const area = types.reduce((sum, { count }, type) => (count > 0 ? sum + count * useful(type) : sum), 0);
      this.early = area / 2;
    }
  }

  run(): 'feasible' | 'infeasible' | 'unknown' {
    if (this.free[0]!.some(time => time > UNITS)) {
      return 'infeasible';
    }
    const key = this.left.reduce((sum, count, type) => sum + count * this.radix[type]!, 0);
    try {
      return this.visit(0, key, 0, 0, 0) ? 'feasible' : 'infeasible';
    } catch (error) {
      if (error instanceof OutOfBudget) {
        return 'unknown';
      }
      throw error;
    }
  }

  /** The plan found. */
  order(): NodeStart[] {
    return this.path.map(({ choice: { type, config } }) => ({ type, config }));
  }

  /**
   * Whether a plan can be completed.
   *
   * @param key - number of the jobs left.
   * @param now - start of the last job; none starts earlier.
   * @param first - of jobs that start at `now`, the first choice allowed: those before have been tried.
   * @param useful - device-seconds of useful work before {@link half} by jobs started.
   */
  private visit(depth: number, key: number, now: number, first: number, useful: number): boolean {
    if (key === 0) {
      return true;
    }
    if (++this.nodes % STRIDE === 0 && (this.nodes >= this.limit.nodes || this.limit.stop?.())) {
      throw new OutOfBudget();
    }
    const { size, left, least, half, state, path } = this;
    const free = this.free[depth]!;
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
    if (beforeHalf < this.early - this.slack) {
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
      work += count * this.filling.useful[type]!;
      let smallest = Infinity;
      for (const { devices, seconds, onlyAtStart, area } of this.byType[type]!) {
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
    const front = jobs <= FILLING_LARGEST ? this.filling.frontOf(key, left) : undefined;
    if (front !== undefined) {
      let possible = 0;
      for (let i = 0; i < size; i++) {
        possible += mostWithin(front, (UNITS - state[i]!) * this.unit);
      }
      if (possible < work * (1 - FUZZ)) {
        return false;
      }
    }
    const budget = capacity - demand + this.slack;
    if (!(budget >= 0)) {
      return false;
    }
    state[size] = -Math.min(useful, this.early);
    if (this.memo.covers(key, state)) {
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
      for (let c = start === now ? first : 0; c < this.choices.length; c++) {
        const choice = this.choices[c]!;
        const { type, devices, seconds } = choice;
        if (
          devices < smallestCount ||
          devices > device ||
          left[type] === 0 ||
          start + seconds > UNITS ||
          idle + choice.area - smallestAreas[type]! > budget ||
          (choice.onlyAtStart && start > 0) ||
          this.swappable(c, start)
        ) {
          continue;
        }
        this.place(depth, devices, start + seconds);
        left[type]!--;
        path.push({ choice, index: c, start, end: start + seconds });
        const done =
          start + seconds <= half
            ? choice.useful
            : start < half
              ? (choice.useful * (half - start)) / seconds
              : 0;
        if (this.visit(depth + 1, key - this.radix[type]!, start, c, useful + done)) {
          return true;
        }
        path.pop();
        left[type]!++;
      }
    }
    state.set(free);
    state[size] = -Math.min(useful, this.early);
    this.memo.add(key, state);
    return false;
  }

  /**
   * Whether a choice would follow directly, on the same devices, a job that could just as well follow it, and that
   * order has been tried. To swap them must not move useful work out of the first half.
   */
  private swappable(index: number, start: number): boolean {
    const choice = this.choices[index]!;
    return this.path.some(
      before =>
        before.end === start &&
        index < before.index &&
        before.choice.devices === choice.devices &&
        !before.choice.onlyAtStart &&
        !choice.onlyAtStart &&
        (choice.useful * before.choice.area >= before.choice.useful * choice.area ||
          before.start >= this.half ||
          start + choice.seconds <= this.half)
    );
  }

  /** Of the devices free at the start, those that became free last are taken, as `Lanes` does. */
  private place(depth: number, count: number, end: number): void {
    const { size } = this;
    const from = this.free[depth]!;
    const to = this.free[depth + 1]!;
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
interface Started {
  choice: Choice;
  /** Of the choice. */
  index: number;
  start: number;
  end: number;
}
