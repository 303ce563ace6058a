import type { JobTable } from './jobTable.js';

/**
 * The jobs of one node in the order they take devices, with the times at which the devices become free before each
 * of them (sorted and nameless, as in `Lanes`). A changed queue is tried from its first change on, beside the current
 * one, and taken over only when it is accepted: most changes are not.
 *
 * Jobs that go on where they run come first: their devices are free at 0 and no two share one, so that any devices
 * free at 0 stand for them.
 */
export class NodeQueue {
  readonly size: number;
  jobs: number[] = [];
  /** When all is done. */
  end = 0;
  /** Device-seconds from 0 until each device is free: work done plus time wasted before it. */
  spent = 0;
  /** The end of the queue under trial. */
  trialEnd = 0;
  /** The {@link spent} of the queue under trial. */
  trialSpent = 0;
  /** To be filled with the jobs from the first change on. */
  readonly tail: number[] = [];
  private _from = 0;
  /** Row i: free times before the job at place i. */
  private _rows: Float64Array;
  private _trialRows: Float64Array;

  constructor(
    freeAt: readonly number[],
    private readonly _table: JobTable,
    private readonly _config: Int32Array,
    private readonly _place: Int32Array
  ) {
    this.size = freeAt.length;
    this._rows = new Float64Array(16 * this.size);
    this._trialRows = new Float64Array(16 * this.size);
    this._rows.set(Float64Array.from(freeAt).sort());
  }

  /** Try the queue without the job at a place. */
  tryWithout(place: number): void {
    this._copy(place + 1, this.jobs.length, 0);
    this.tryTail(place);
  }

  /** Try the queue with one more job. */
  tryWith(place: number, job: number): void {
    this.tail[0] = job;
    this._copy(place, this.jobs.length, 1);
    this.tryTail(place);
  }

  /** Try another job in the place of one. */
  tryInstead(place: number, job: number): void {
    this.tail[0] = job;
    this._copy(place + 1, this.jobs.length, 1);
    this.tryTail(place);
  }

  /** Try other jobs in the place of some that follow each other. */
  tryStretch(from: number, count: number, others: number[]): void {
    for (let i = 0; i < others.length; i++) {
      this.tail[i] = others[i]!;
    }
    this._copy(from + count, this.jobs.length, others.length);
    this.tryTail(from);
  }

  /** Try two jobs in each other's places. */
  trySwap(a: number, b: number): void {
    const start = Math.min(a, b);
    this._copy(start, this.jobs.length, 0);
    this.tail[a - start] = this.jobs[b]!;
    this.tail[b - start] = this.jobs[a]!;
    this.tryTail(start);
  }

  /** Try a job at another place of the queue without it. */
  tryMove(from: number, to: number): void {
    const { jobs, tail } = this;
    if (from <= to) {
      this._copy(from + 1, to + 1, 0);
      tail[to - from] = jobs[from]!;
      this._copy(to + 1, jobs.length, to - from + 1);
      this.tryTail(from);
    } else {
      tail[0] = jobs[from]!;
      this._copy(to, from, 1);
      this._copy(from + 1, jobs.length, from - to + 1);
      this.tryTail(to);
    }
  }

  /** Jobs of a stretch of the queue into the tail, which ends with them. */
  private _copy(start: number, end: number, at: number): void {
    const { jobs, tail } = this;
    let length = at;
    for (let i = start; i < end; i++) {
      tail[length++] = jobs[i]!;
    }
    tail.length = length;
  }

  /** Try the queue made of the current one before a place and {@link tail} after it. */
  tryTail(from: number): void {
    const { size, tail, _table: table, _config: config } = this;
    const { first, devices, seconds } = table;
    this._from = from;
    if (this._trialRows.length < (tail.length + 1) * size) {
      this._trialRows = new Float64Array(2 * (tail.length + 1) * size);
    }
    const rows = this._trialRows;
    const before = this._rows;
    for (let i = 0; i < size; i++) {
      rows[i] = before[from * size + i]!;
    }
    let row = 0;
    for (let i = 0; i < tail.length; i++) {
      const job = tail[i]!;
      const index = first[job]! + config[job]!;
      const count = devices[index]!;
      const start = rows[row + count - 1]!;
      const end = start + seconds[index]!;
      const stop = row + size;
      let read = row + count;
      let write = stop;
      while (read < stop && rows[read]! <= start) {
        read++;
      }
      for (let kept = row; kept < read - count; kept++) {
        rows[write++] = rows[kept]!;
      }
      while (read < stop && rows[read]! < end) {
        rows[write++] = rows[read++]!;
      }
      for (let taken = 0; taken < count; taken++) {
        rows[write++] = end;
      }
      while (read < stop) {
        rows[write++] = rows[read++]!;
      }
      row = stop;
    }
    let spent = 0;
    for (let i = row; i < row + size; i++) {
      spent += rows[i]!;
    }
    this.trialSpent = spent;
    this.trialEnd = size === 0 ? 0 : rows[row + size - 1]!;
  }

  /** Make the queue under trial the current one. */
  accept(): void {
    const { size, _from: from, tail, jobs, _place: place } = this;
    const length = (from + tail.length + 1) * size;
    if (this._rows.length < length) {
      const grown = new Float64Array(2 * length);
      grown.set(this._rows);
      this._rows = grown;
    }
    const { _rows: rows, _trialRows: trialRows } = this;
    for (let i = 0, at = from * size; at < length; i++, at++) {
      rows[at] = trialRows[i]!;
    }
    jobs.length = from;
    for (let i = 0; i < tail.length; i++) {
      const job = tail[i]!;
      place[job] = from + i;
      jobs.push(job);
    }
    this.end = this.trialEnd;
    this.spent = this.trialSpent;
  }
}
