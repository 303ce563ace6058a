import { Lanes } from '../schedule/lanes.js';
import { DeviceFilling, mostWithin } from './deviceFilling.js';
import { DominanceMemo } from './dominance.js';
import type { NodePlan, NodeProblem, NodeStart } from './nodeProblem.js';

/** When to give up. */
export interface NodeSearchLimit {
  /** States of the search to visit at most. */
  nodes: number;
  /** Asked now and then: whether to end early. */
  stop?: () => boolean;
}

/** What a search found out about a makespan. */
export interface NodeDecision {
  /** `unknown` when the limit was reached, or when there are too many sets of jobs to tell apart. */
  answer: 'feasible' | 'infeasible' | 'unknown';
  /** When `feasible`. */
  plan?: NodePlan;
  /** States visited. */
  nodes: number;
}

/** Share of itself, and seconds, by which a target is raised, so that rounding cannot hide a plan that just meets it. */
const ROUNDING = 1e-11;

/**
 * The target in whole units of time; durations are rounded down to such. Times then add up exactly, in any order, and
 * the target is raised by far more than a plan gains from the rounding.
 */
const UNITS = 2 ** 43;

/** Bytes for states found to be hopeless. */
const MEMORY = 256 * 2 ** 20;

/** Share by which amounts of useful work, which do not add up exactly, may differ. */
const FUZZ = 1e-9;

/** With so many jobs left it is worth looking at what each device can do with them. */
const FILLING_LARGEST = 7;

/** States visited between two looks at the limit. */
const STRIDE = 1024;

/**
 * Whether all jobs can be done within `target` seconds. `infeasible` is a proof; a plan found may be longer than the
 * target by a share of 1e-11, or by that many seconds.
 */
export function decideNode(
  problem: NodeProblem,
  target: number,
  limit: NodeSearchLimit,
  filling = new DeviceFilling(problem, raised(target))
): NodeDecision {
  if (!filling.exact) {
    return { answer: 'unknown', nodes: 0 };
  }
  const unit = raised(target) / UNITS;
  const free = problem.free.map(time => (time === 0 ? 0 : Math.max(1, Math.floor(time / unit))));
  const atStart = problem.free.filter(time => time === 0).length;
  const first: NodeStart[] = [];
  const last: NodeStart[] = [];
  const types = problem.types.map((type, index) => {
    const configs = type.configs.map(config => {
      const seconds = Math.floor(config.seconds / unit);
      return {
        ...config,
        seconds: config.onlyAtStart && config.seconds > 0 ? Math.max(1, seconds) : seconds
      };
    });
    const instant = configs.findIndex(
      ({ devices, seconds, onlyAtStart }) =>
        seconds === 0 && devices <= (onlyAtStart === true ? atStart : free.length)
    );
    if (instant < 0) {
      return { count: type.count, configs };
    }
    const starts = configs[instant]!.onlyAtStart === true ? first : last;
    for (let i = 0; i < type.count; i++) {
      starts.push({ type: index, config: instant });
    }
    return { count: 0, configs };
  });
  const search = new NodeSearch({ free, types }, limit, filling, unit);
  const answer = search.run();
  if (answer !== 'feasible') {
    return { answer, nodes: search.nodes };
  }
  // Jobs without duration need no search.
  const order = [...first, ...search.order(), ...last];
  const lanes = new Lanes(problem.free);
  for (const { type, config } of order) {
    const { devices, seconds } = problem.types[type]!.configs[config]!;
    lanes.place(devices, seconds);
  }
  return { answer, plan: { order, makespan: lanes.end }, nodes: search.nodes };
}

function raised(target: number): number {
  return target * (1 + ROUNDING) + ROUNDING;
}

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
class NodeSearch {
  private readonly size: number;
  private readonly free: Float64Array[];
  private readonly memo: DominanceMemo;
  private readonly state: Float64Array;
  private readonly left: Int32Array;
  private readonly least: Float64Array;
  private readonly radix: number[];
  private readonly path: Started[] = [];
  private readonly unit: number;
  private readonly choices: Choice[] = [];
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
    const target = UNITS;
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
    this.slack = this.size * target * ROUNDING;
    this.half = target / 2;
    let area = 0;
    for (const [type, { count, configs }] of types.entries()) {
      let least = Infinity;
      for (const { devices, seconds } of configs) {
        if (devices <= this.size && seconds <= target) {
          least = Math.min(least, devices * seconds);
        }
      }
      area += count * least;
      for (const [config, { devices, seconds, onlyAtStart = false }] of configs.entries()) {
        if (devices <= this.size && seconds <= target) {
          this.choices.push({
            type,
            config,
            devices,
            seconds,
            onlyAtStart,
            area: devices * seconds,
            useful: least
          });
        }
      }
    }
    this.choices.sort((a, b) => b.seconds - a.seconds || a.type - b.type || a.config - b.config);
    this.byType = types.map((_, type) => this.choices.filter(choice => choice.type === type));
    if (free.every(time => time === 0) && this.choices.every(({ onlyAtStart }) => !onlyAtStart)) {
      this.early = area / 2;
    }
  }

  run(): NodeDecision['answer'] {
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

interface Started {
  choice: Choice;
  /** Of the choice. */
  index: number;
  start: number;
  end: number;
}

interface Choice extends NodeStart {
  devices: number;
  seconds: number;
  onlyAtStart: boolean;
  /** Device-seconds. */
  area: number;
  /** Device-seconds of the cheapest configuration. */
  useful: number;
}
