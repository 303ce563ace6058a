import { Column, FIRST_BUCKETS, growColumn, grown, mergeCells, put } from './curveColumn.js';

/** Buckets at most, of which half are there at least once they hold several steps. A power of two. */
const MOST_BUCKETS = 1024;

/** Buckets times metrics, at most, of 24 bytes each: who logs many metrics has fewer buckets. */
const MOST_CELLS = 8192;

const LEAST_BUCKETS = 64;

/** Metrics of one table that are followed; later ones are passed over. */
const MOST_METRICS = 256;

/** Some steps in a row, and what they have of one metric. */
export interface IBucket {
  /** The last of them. */
  readonly step: number;
  /** When that was done, in seconds since the epoch. */
  readonly time: number;
  /** How many of them have the metric. */
  readonly seen: number;
  /** How many of them have a number there. Of these are the following, which are NaN when there are none. */
  readonly count: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Part of a file, in bytes. */
export interface IFileRange {
  readonly from: number;
  readonly to: number;
  /** Steps there, at most. */
  readonly steps: number;
}

/**
 * What a log says of a task's steps, in bounded memory: as it is while there are few, then in buckets of 2, 4, 8... steps,
 * with the extremes and the mean of each metric, and the place of each bucket in the file, where the steps are to be found
 * one by one.
 *
 * Steps rise. One that is logged again takes away what was logged of it and of later ones: a training that goes on from
 * a checkpoint does not know of them either.
 */
export class CurveTable {
  private _first = new Float64Array(FIRST_BUCKETS);
  private _last = new Float64Array(FIRST_BUCKETS);
  private _time = new Float64Array(FIRST_BUCKETS);
  private _place = new Float64Array(FIRST_BUCKETS);
  private readonly _columns = new Map<string, Column>();
  private _buckets = 0;
  private _width = 1;
  /** Steps in the last bucket. */
  private _open = 0;

  /** Names of the metrics, in the order in which they came. */
  get metrics(): string[] {
    return [...this._columns.keys()];
  }

  /** The last step; -1 while there is none. */
  get lastStep(): number {
    return this._buckets === 0 ? -1 : (this._last[this._buckets - 1] as number);
  }

  /** How many steps a bucket holds, but for the last one. */
  get width(): number {
    return this._width;
  }

  has(metric: string): boolean {
    return this._columns.has(metric);
  }

  /**
   * Add a step that comes after all others.
   *
   * @param place - where its line begins in the file.
   */
  add(step: number, time: number, place: number, values: Iterable<readonly [string, number]>): void {
    const row = this._rowFor(step, place);
    this._last[row] = step;
    // Clocks are set back; time is not.
    this._time[row] = Math.max(
      time,
      row > 0 ? (this._time[row - 1] as number) : 0,
      this._time[row] as number
    );
    this._open += 1;
    for (const [name, value] of values) {
      const column = this._columns.get(name) ?? this._newColumn(name);
      if (column) {
        put(column, row, value);
      }
    }
  }

  /**
   * Take away a step and all later ones.
   *
   * @param end - place in the file of the line that has it taken away.
   * @returns where the file has steps before that one which went with them, because they shared a bucket; null when
   *   there are none.
   */
  cut(step: number, end: number): IFileRange | null {
    const kept = this._firstBucketUpTo(step);
    if (kept === this._buckets) {
      return null;
    }
    const shares = (this._first[kept] as number) < step;
    const range = this._rangeOf(kept, kept + 1, end);
    this._buckets = kept;
    this._open = kept > 0 ? this._width : 0;
    return shares ? range : null;
  }

  /** The buckets that have a metric, of the steps from one up to another. */
  buckets(metric: string, from: number, to: number): IBucket[] {
    const column = this._columns.get(metric);
    const found: IBucket[] = [];
    if (column) {
      for (let row = this._firstBucketUpTo(from); row < this._buckets; row++) {
        if ((this._first[row] as number) > to) {
          break;
        }
        if ((column.seen[row] as number) > 0) {
          found.push(this._bucket(column, row));
        }
      }
    }
    return found;
  }

  /**
   * Where the file has the steps from one up to another; null when there are none.
   *
   * @param end - how far the file was read.
   */
  range(from: number, to: number, end: number): IFileRange | null {
    const first = this._firstBucketUpTo(from);
    if (first === this._buckets || (this._first[first] as number) > to) {
      return null;
    }
    return this._rangeOf(first, Math.min(this._firstBucketUpTo(to) + 1, this._buckets), end);
  }

  private _rangeOf(first: number, next: number, end: number): IFileRange {
    return {
      from: this._place[first] as number,
      to: next < this._buckets ? (this._place[next] as number) : end,
      steps: (next - first) * this._width
    };
  }

  private _bucket(column: Column, row: number): IBucket {
    const count = column.count[row] as number;
    const mean = count > 0 ? (column.mean[row] as number) : Number.NaN;
    return {
      step: this._last[row] as number,
      time: this._time[row] as number,
      seen: column.seen[row] as number,
      count,
      mean,
      // They are kept in half the digits.
      low: Math.min(mean, column.low[row] as number),
      high: Math.max(mean, column.high[row] as number)
    };
  }

  /** The first bucket that holds a step, or comes after it. */
  private _firstBucketUpTo(step: number): number {
    let [low, high] = [0, this._buckets];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this._last[middle] as number) < step) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The row of the bucket that a next step belongs to. */
  private _rowFor(step: number, place: number): number {
    if (this._buckets > 0 && this._open < this._width) {
      return this._buckets - 1;
    }
    while (this._buckets >= this._most) {
      this._merge();
    }
    if (this._buckets > 0 && this._open < this._width) {
      return this._buckets - 1; // an odd one was left over
    }
    const row = this._buckets;
    if (row === this._first.length) {
      this._grow();
    }
    this._buckets += 1;
    this._open = 0;
    this._first[row] = step;
    this._time[row] = 0;
    this._place[row] = place;
    for (const column of this._columns.values()) {
      column.count[row] = 0;
      column.seen[row] = 0;
    }
    return row;
  }

  private get _most(): number {
    const share = MOST_CELLS / Math.max(1, this._columns.size);
    return Math.max(LEAST_BUCKETS, Math.min(MOST_BUCKETS, 2 ** Math.floor(Math.log2(share))));
  }

  private _newColumn(name: string): Column | undefined {
    if (this._columns.size >= MOST_METRICS) {
      return undefined;
    }
    const column = new Column();
    this._columns.set(name, column);
    growColumn(column, this._first.length);
    return column;
  }

  /** Make one bucket of two, everywhere. */
  private _merge(): void {
    const before = this._buckets;
    const after = Math.ceil(before / 2);
    for (let row = 0; row < after; row++) {
      const [left, right] = [2 * row, Math.min(2 * row + 1, before - 1)];
      this._first[row] = this._first[left] as number;
      this._place[row] = this._place[left] as number;
      this._last[row] = this._last[right] as number;
      this._time[row] = this._time[right] as number;
      for (const column of this._columns.values()) {
        mergeCells(column, row, left, right);
      }
    }
    this._open += before % 2 === 0 ? this._width : 0;
    this._buckets = after;
    this._width *= 2;
  }

  private _grow(): void {
    const size = 2 * this._first.length;
    this._first = grown(this._first, size);
    this._last = grown(this._last, size);
    this._time = grown(this._time, size);
    this._place = grown(this._place, size);
    for (const column of this._columns.values()) {
      growColumn(column, size);
    }
  }
}
