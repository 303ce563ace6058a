import type { Highs, Model } from 'highs';
import { SparseRows } from '../milp/sparseRows.js';
import { BestPatterns, type Pattern } from './bestPatterns.js';

/** Equal pieces of work: `count` of them, each a whole that any mix of its choices may complete. */
export interface IWork {
  count: number;
  choices: readonly IWorkChoice[];
}

/** A way to do a piece of work. */
export interface IWorkChoice {
  devices: number;
  /** What the whole takes by this choice alone; more than 0. */
  seconds: number;
  /** Indexes of the supplies whose nodes can; all when absent. */
  supplies?: readonly number[];
}

/** Whether nodes of a supply can do work this way, as far as they have the devices. */
export function canDo({ supplies }: IWorkChoice, supply: number): boolean {
  return supplies?.includes(supply) ?? true;
}

/** Equal nodes. */
export interface ISupply {
  /** How many. */
  nodes: number;
  /** Devices free on each, period after period; the last one lasts as long as needed. Devices only grow. */
  periods: readonly { start: number; devices: number }[];
}

/** A pattern that nodes of a supply run in one of its periods, for so many seconds in all. */
export interface IPatternTime {
  supply: number;
  period: number;
  pattern: Pattern;
  seconds: number;
}

/** When to end: `progress` is told the rounds done and answers 1 or more at the end. */
export interface IRoundLimit {
  progress: (rounds: number) => number;
}

/** The answer: a bound however early it ends, and how the relaxed work would be done. */
export interface IConfigurationAnswer {
  /** In seconds; no preemptive schedule of the works is shorter. */
  bound: number;
  times: IPatternTime[];
  /** Per work: by how many seconds the makespan grows with one more of it. */
  prices: Float64Array;
  /** Per supply, the best patterns for these prices: what a second of a node is worth in each period. */
  best: BestPatterns[];
}

/** Share of the makespan within which the columns known are as good as all. */
const PRECISION = 1e-6;

/** Sums of floating-point numbers carry rounding errors; far more than they can be. */
const ROUNDING = 1e-12;

/** Patterns used for less than this share of the makespan are the linear program's rounding. */
const LEAST = 1e-9;

/**
 * The preemptive configuration LP (Jansen and Porkolab, "Preemptive scheduling of parallel tasks", as a malleable
 * problem): how long each pattern runs, such that all work is done, every node has time for its patterns and no work
 * runs longer than the makespan. Patterns are columns made as they are needed: the best one for the prices of work and
 * time is a multiple-choice knapsack.
 *
 * The bound does not rest on the solver: any prices give one by weak duality (Farley's bound), worked out here with
 * the exact knapsack.
 *
 * @param known patterns to start with, and what a second of any other costs extra: more than 0 keeps close to them.
 */
export function solveConfigurationLp(
  highs: Highs,
  works: readonly IWork[],
  supplies: readonly ISupply[],
  limit: IRoundLimit,
  known: { patterns: Omit<IPatternTime, 'seconds'>[]; extra: number } = { patterns: [], extra: 0 }
): IConfigurationAnswer {
  const master = new Master(works, supplies, known.extra);
  return highs.withModel(master.data(highs), solver => {
    solver.options.set({ output_flag: false, presolve: 'off', solver: 'simplex' });
    for (const column of known.patterns) {
      master.append(solver, highs, column, 0);
    }
    master.begin(solver, highs);
    let bound = 0;
    for (let round = 1; ; round++) {
      solver.run();
      const { rowDual, colValue } = solver.getSolution();
      const prices = master.prices(rowDual);
      const best = bestPatterns(works, supplies, prices);
      bound = Math.max(bound, dualBound(works, supplies, prices, best));
      const added =
        bound >= colValue[0]! * master.scale * (1 - PRECISION) || limit.progress(round) >= 1
          ? 0
          : master.grow(solver, highs, best, rowDual);
      if (added === 0) {
        return { bound, times: master.times(colValue), prices: prices.work, best };
      }
    }
  });
}

/** What a piece of work done is worth, and what each second costs that one runs; in seconds of makespan. */
interface IPrices {
  work: Float64Array;
  running: Float64Array;
}

/** Per supply, the best patterns for these prices. */
function bestPatterns(
  works: readonly IWork[],
  supplies: readonly ISupply[],
  prices: IPrices
): BestPatterns[] {
  const itemsOf = (supply: number) =>
    works.map(({ count, choices }, w) => ({
      count,
      choices: choices.map(choice => ({
        devices: choice.devices,
        value: canDo(choice, supply) ? prices.work[w]! / choice.seconds - prices.running[w]! : 0
      }))
    }));
  const unlike = works.some(({ choices }) => choices.some(choice => choice.supplies !== undefined));
  const known = new Map<string, BestPatterns>();
  return supplies.map(({ periods }, supply) => {
    const size = periods[periods.length - 1]!.devices;
    const key = unlike ? `supply ${supply}` : `size ${size}`;
    const best = known.get(key) ?? new BestPatterns(itemsOf(supply), size);
    known.set(key, best);
    return best;
  });
}

/**
 * The bound that prices give. In a schedule of makespan C, done work is worth at most what nodes can earn by their
 * best patterns in the periods before the last one, plus their earnings per second in the rest of C, plus C for
 * running: C is at least what this leaves.
 */
function dualBound(
  works: readonly IWork[],
  supplies: readonly ISupply[],
  prices: IPrices,
  best: BestPatterns[]
): number {
  let earned = 0;
  let perSecond = 0;
  let least = 0;
  for (const [w, { count }] of works.entries()) {
    earned += count * prices.work[w]!;
    perSecond += count * prices.running[w]!;
  }
  for (const [s, { nodes, periods }] of supplies.entries()) {
    for (const [p, { start, devices }] of periods.entries()) {
      const value = best[s]!.value(devices);
      const end = periods[p + 1]?.start;
      if (end === undefined) {
        earned += nodes * start * value;
        perSecond += nodes * value;
        least = Math.max(least, start);
      } else {
        earned -= nodes * (end - start) * value;
      }
    }
  }
  return Math.max(least, perSecond > 0 ? (earned / perSecond) * (1 - ROUNDING) : 0);
}

/** The columns known. Column 0 is the makespan, in units of `scale`. */
class Master {
  readonly scale: number;
  private readonly _columns: (Omit<IPatternTime, 'seconds'> | undefined)[] = [undefined];
  private readonly _rows = new SparseRows();
  private readonly _units: Float64Array;
  private readonly _runningRow: number[];
  private readonly _periodRow: number[][];

  constructor(
    private readonly _works: readonly IWork[],
    private readonly _supplies: readonly ISupply[],
    private readonly _extra: number
  ) {
    const nodes = _supplies.reduce((sum, supply) => sum + supply.nodes, 0);
    const devices = _supplies.reduce((sum, s) => sum + s.nodes * s.periods[s.periods.length - 1]!.devices, 0);
    const fastest = _works.map(({ choices }) => Math.min(...choices.map(({ seconds }) => seconds)));
    const area = _works.reduce(
      (sum, work) =>
        sum + work.count * Math.min(...work.choices.map(choice => choice.devices * choice.seconds)),
      0
    );
    const starts = _supplies.flatMap(({ periods }) => periods.map(({ start }) => start));
    this.scale = Math.max(area / devices, ...fastest, ...starts);
    // A piece of work counts as long as its fastest choice takes, which keeps all coefficients at most 1.
    this._units = Float64Array.from(fastest, seconds => seconds / this.scale);
    for (const [w, { count }] of _works.entries()) {
      this._rows.add(count * this._units[w]!, Infinity, []);
    }
    this._runningRow = _works.map(({ count }) => {
      if (nodes > 1) {
        this._rows.add(0, Infinity, [[0, count]]);
      }
      return nodes > 1 ? this._rows.count - 1 : -1;
    });
    this._periodRow = _supplies.map(({ nodes, periods }) =>
      periods.map(({ start }, p) => {
        const end = periods[p + 1]?.start;
        if (end === undefined) {
          this._rows.add((nodes * start) / this.scale, Infinity, [[0, nodes]]);
        } else {
          this._rows.add((nodes * (start - end)) / this.scale, Infinity, []);
        }
        return this._rows.count - 1;
      })
    );
  }

  /** The makespan alone; there is no solution before {@link begin}. */
  data(highs: Highs) {
    const rows = this._rows;
    return {
      numCols: 1,
      numRows: rows.count,
      colCost: Float64Array.of(1),
      colLower: Float64Array.of(0),
      colUpper: Float64Array.of(highs.infinity),
      ...rows.data(1, highs.infinity)
    };
  }

  /** Every work alone on every kind of node. */
  begin(solver: Model, highs: Highs): void {
    for (const [supply, { periods }] of this._supplies.entries()) {
      const period = periods.length - 1;
      for (const [item, { choices }] of this._works.entries()) {
        for (const [choice, way] of choices.entries()) {
          if (way.devices <= periods[period]!.devices && canDo(way, supply)) {
            this.append(solver, highs, { supply, period, pattern: [{ item, choice }] }, this._extra);
          }
        }
      }
    }
  }

  append(solver: Model, highs: Highs, column: Omit<IPatternTime, 'seconds'>, cost: number): void {
    const values = new Map<number, number>();
    const add = (row: number, value: number) => values.set(row, (values.get(row) ?? 0) + value);
    for (const { item, choice } of column.pattern) {
      add(item, (this._units[item]! * this.scale) / this._works[item]!.choices[choice]!.seconds);
      if (this._runningRow[item]! >= 0) {
        add(this._runningRow[item]!, -1);
      }
    }
    add(this._periodRow[column.supply]![column.period]!, -1);
    solver.addCol(cost, 0, highs.infinity, {
      indices: Int32Array.from(values.keys()),
      values: Float64Array.from(values.values())
    });
    this._columns.push(column);
  }

  prices(rowDual: Float64Array): IPrices {
    return {
      work: Float64Array.from(this._works, (_, w) => Math.max(0, rowDual[w]!) * this._units[w]! * this.scale),
      running: Float64Array.from(this._runningRow, row => (row < 0 ? 0 : Math.max(0, rowDual[row]!)))
    };
  }

  /** Add the patterns worth more than their time; returns how many. */
  grow(solver: Model, highs: Highs, best: BestPatterns[], rowDual: Float64Array): number {
    const before = this._columns.length;
    for (const [supply, { periods }] of this._supplies.entries()) {
      for (const [period, { devices }] of periods.entries()) {
        const price = rowDual[this._periodRow[supply]![period]!]! + this._extra;
        for (let size = devices; size > 0; size--) {
          const value = best[supply]!.value(size);
          if (value <= price + LEAST) {
            break;
          }
          if (size === devices || value < best[supply]!.value(size + 1)) {
            this.append(solver, highs, { supply, period, pattern: best[supply]!.pattern(size) }, this._extra);
          }
        }
      }
    }
    return this._columns.length - before;
  }

  times(colValue: Float64Array): IPatternTime[] {
    return this._columns.flatMap((column, index) =>
      column === undefined || colValue[index]! < LEAST
        ? []
        : [{ ...column, seconds: colValue[index]! * this.scale }]
    );
  }
}
