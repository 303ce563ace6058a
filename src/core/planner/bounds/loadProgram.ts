import type { Highs, Model, ModelData } from 'highs';
import { SparseRows } from '../milp/sparseRows.js';
import type { IPair, Loads } from './loads.js';

/** A row is added when it is overfull by this share more than the fullest so far. */
const VIOLATION = 1e-7;

/** Rows added at a time for each resource. */
const ROWS_AT_ONCE = 4;

/** Columns, as indexes into {@link Loads.columns}, with counts that must not all be reached together. */
export type Exclusion = { column: number; count: number }[];

/** The linear program at one target: columns that are short enough, then the load. */
export class LoadProgram {
  /** Of {@link Loads.columns}, those that are short enough. */
  private readonly _used: number[] = [];
  /** Per resource, the used columns that need it and how much of it. */
  private readonly _needs: { column: number; devices: number }[][];
  /** Per time function, the values of the used columns. */
  private readonly _known: Float64Array[] = [];
  /** Whether each job can be done in time. */
  readonly complete: boolean;

  /**
   * @_most _most - how many jobs may take each column; 0 leaves it out. Without it any number may.
   */
  constructor(
    private readonly _loads: Loads,
    private readonly _target: number,
    private readonly _most?: readonly number[]
  ) {
    const { columns, types } = _loads;
    const able = new Set<number>();
    for (const [c, column] of columns.entries()) {
      if (_loads.fits(column, _target) && _most?.[c] !== 0) {
        this._used.push(c);
        able.add(column.type);
        for (const type of column.fused ?? []) {
          able.add(type);
        }
      }
    }
    this.complete = able.size === types.length;
    this._needs = _loads.resources.map((_, resource) =>
      this._used.flatMap((c, column) => {
        const devices = _loads.devicesOn(columns[c]!, resource);
        return devices > 0 ? [{ column, devices }] : [];
      })
    );
  }

  get loadColumn(): number {
    return this._used.length;
  }

  /** Per time function, the values of the used columns; the loads may have got more functions. */
  private get _times(): Float64Array[] {
    const { time, columns } = this._loads;
    for (const f of time.slice(this._known.length)) {
      this._known.push(Float64Array.from(this._used, c => f(columns[c]!, this._target)));
    }
    return this._known;
  }

  get jobRows(): number {
    return this._loads.types.length;
  }

  /** Jobs in fractions, with the load to be as small as possible. */
  fractions(highs: Highs, pairs: IPair[]): ModelData {
    const rows = this._rows(pairs);
    const numCols = this._used.length + 1;
    return {
      numCols,
      numRows: rows.count,
      colCost: Float64Array.from({ length: numCols }, (_, i) => (i === this.loadColumn ? 1 : 0)),
      colLower: new Float64Array(numCols),
      colUpper: new Float64Array(numCols).fill(highs.infinity),
      ...rows.data(numCols, highs.infinity)
    };
  }

  /** Whole jobs, with a load of at most `load`; `exclude` may add columns that are 0 or 1, and rows. */
  wholes(highs: Highs, pairs: IPair[], load: number, noGoods: Exclusion[]): ModelData {
    const rows = this._rows(pairs);
    const upper = this._used.map(c => this._mostOf(c));
    upper.push(load);
    for (const exclusion of noGoods) {
      this._exclude(rows, upper, exclusion);
    }
    const numCols = upper.length;
    return {
      numCols,
      numRows: rows.count,
      colCost: new Float64Array(numCols),
      colLower: new Float64Array(numCols),
      colUpper: Float64Array.from(upper),
      integrality: Int32Array.from(upper, (_, i) => (i === this.loadColumn ? 0 : 1)),
      ...rows.data(numCols, highs.infinity)
    };
  }

  append(solver: Model, highs: Highs, pairs: IPair[]): void {
    for (const pair of pairs) {
      const entries = this._row(pair);
      solver.addRow(-highs.infinity, -this._taken(pair), {
        indices: Int32Array.from(entries, ([column]) => column),
        values: Float64Array.from(entries, ([, value]) => value)
      });
    }
  }

  /** The pairs by which the jobs, shared out as told, overfill a resource most; at most a few for each. */
  violated(values: Float64Array, load: number): IPair[] {
    const { resources, columns, space } = this._loads;
    const { _times: times } = this;
    // By resource, time function and device count: the jobs' shares weighed by time.
    const sums = resources.map(({ size }) => times.map(() => new Float64Array(size + 1)));
    for (const [i, c] of this._used.entries()) {
      const share = values[i]!;
      if (share > 0) {
        const column = columns[c]!;
        for (const resource of [column.nodeClass, ...column.lanes]) {
          const devices = this._loads.devicesOn(column, resource);
          for (const [time, weights] of times.entries()) {
            sums[resource]![time]![devices]! += share * weights[i]!;
          }
        }
      }
    }
    return resources.flatMap(({ count }, resource) => {
      const found: { pair: IPair; excess: number }[] = [];
      for (const [time, byDevices] of sums[resource]!.entries()) {
        let most: { pair: IPair; excess: number } | undefined;
        for (const [f, weights] of space[resource]!.entries()) {
          const pair = { resource, space: f, time };
          let sum = this._taken(pair);
          for (let devices = 1; devices < weights.length; devices++) {
            sum += weights[devices]! * byDevices[devices]!;
          }
          const excess = sum / count - load;
          if (excess > Math.max(VIOLATION, most?.excess ?? 0)) {
            most = { pair, excess };
          }
        }
        if (most !== undefined) {
          found.push(most);
        }
      }
      return found
        .sort((a, b) => b.excess - a.excess)
        .slice(0, ROWS_AT_ONCE)
        .map(({ pair }) => pair);
    });
  }

  /** Values of all columns from those of the used ones. */
  spread(values: Float64Array): Float64Array {
    const shares = new Float64Array(this._loads.columns.length);
    for (const [i, c] of this._used.entries()) {
      shares[c] = values[i]!;
    }
    return shares;
  }

  private _rows(pairs: IPair[]): SparseRows {
    const { types, columns } = this._loads;
    const rows = new SparseRows();
    const ofType: [number, number][][] = types.map(() => []);
    for (const [i, c] of this._used.entries()) {
      const { type, fused = [] } = columns[c]!;
      for (const own of new Set([type, ...fused])) {
        ofType[own]!.push([i, [type, ...fused].filter(other => other === own).length]);
      }
    }
    for (const [type, { jobs }] of types.entries()) {
      rows.add(jobs.length, jobs.length, ofType[type]!);
    }
    for (const pair of pairs) {
      rows.add(-Infinity, -this._taken(pair), this._row(pair));
    }
    return rows;
  }

  /** Not all of the columns as often as told, or oftener. `upper` are the columns' bounds so far. */
  private _exclude(rows: SparseRows, upper: number[], exclusion: Exclusion): void {
    const all: [number, number][] = [];
    for (const { column, count } of exclusion) {
      const i = this._used.indexOf(column);
      const most = i < 0 ? 0 : upper[i]!;
      if (count > most) {
        return;
      }
      if (most === 1) {
        all.push([i, 1]);
        continue;
      }
      // 1 where the column is taken as often as told: below, it is taken at most count - 1 times.
      const often = upper.push(1) - 1;
      rows.add(-Infinity, count - 1, [
        [i, 1],
        [often, count - 1 - most]
      ]);
      all.push([often, 1]);
    }
    rows.add(-Infinity, all.length - 1, all);
  }

  private _mostOf(column: number): number {
    const jobs = this._loads.types[this._loads.columns[column]!.type]!.jobs.length;
    return Math.min(jobs, this._most?.[column] ?? jobs);
  }

  private _taken(pair: IPair): number {
    return this._loads.resources[pair.resource]!.count - this._loads.room(pair, this._target);
  }

  private _row(pair: IPair): [number, number][] {
    const { space, resources } = this._loads;
    const weights = space[pair.resource]![pair.space]!;
    const times = this._times[pair.time]!;
    const entries: [number, number][] = [];
    for (const { column, devices } of this._needs[pair.resource]!) {
      const value = weights[devices]! * times[column]!;
      if (value > 0) {
        entries.push([column, value]);
      }
    }
    entries.push([this.loadColumn, -resources[pair.resource]!.count]);
    return entries;
  }
}
