import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { IDisposable } from '../disposable.js';
import { CurveTable, type IBucket, type IFileRange } from './curveTable.js';
import { EVALUATED, eachLine, type ILogLine, LogLineReader } from './logLines.js';
import { type Points, thinned } from './seriesThinning.js';

/** How a file was when it was read. */
interface IFileMark {
  readonly inode: number;
  /** Its first bytes: another file may have the same number. */
  readonly head: string;
  readonly size: number;
  /** When it was written to, in milliseconds. */
  readonly written: number;
}

/** The first line tells when it was written within so many bytes. */
const HEAD = 64;

/** Which of a line's values a table holds. */
type Kind = 'values' | 'evaluated';

/** What is wanted of a log. */
export interface ILogQuery {
  readonly metric: string;
  /** At most so many points. */
  readonly points: number;
  /** The first and the last step of interest. */
  readonly from: number;
  readonly to: number;
  /** So many steps may be read from the file again, to show them one by one. */
  readonly reread: number;
}

/**
 * A task's log, followed: what was appended since is read, a line that is not whole yet is left for later, and a file
 * that was replaced is read anew. What it says is in memory in bounded form, and in the file in full.
 */
export class TaskLog implements IDisposable {
  private readonly _lines = new LogLineReader();
  /** Another one for each reader: an engine that begins anew reads a file that may be another by then. */
  private readonly _origin = randomBytes(4).toString('hex');
  /** How often something was taken back, by its kind. */
  private readonly _takenBack = { values: 0, evaluated: 0 };
  private _tables = { values: new CurveTable(), evaluated: new CurveTable() };
  private _mark: IFileMark | null = null;
  /** The newest evaluation: more may be said of the same step. */
  private _evaluation: ILogLine | null = null;
  /** Bytes taken in. */
  private _place = 0;
  private _unread = 0;
  private _isDisposed = false;

  /** @param _path - of the file, which need not be there. */
  constructor(private readonly _path: string) {}

  /** Names of all metrics. */
  get metrics(): string[] {
    return [...this._tables.values.metrics, ...this._tables.evaluated.metrics];
  }

  /** The last step of which anything of a metric's kind is known; 0 while there is none. */
  lastStep(metric: string): number {
    return Math.max(0, this._tables[this._kindOf(metric)].lastStep);
  }

  /** Stays the same for as long as nothing was taken back of a metric's kind. */
  edition(metric: string): string {
    return `${this._origin}.${this._takenBack[this._kindOf(metric)]}`;
  }

  /** Bytes that are still to be read, as of the last look at the file. */
  get unread(): number {
    return this._unread;
  }

  dispose(): void {
    this._isDisposed = true;
  }

  /** Read what was appended, once the call before is done. What cannot be read is as if it were not there. */
  async update(): Promise<void> {
    try {
      await this._withFile(file => this._follow(file));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        this._forget();
      }
    }
  }

  /** What it says of a metric, as of the last update. */
  async read({ metric, points, from, to, reread }: ILogQuery): Promise<Points> {
    const kind = this._kindOf(metric);
    const table = this._tables[kind];
    const buckets = table.buckets(metric, from, to);
    const range = table.range(from, to, this._place);
    const isCoarse = table.width > 1 && buckets.length > 0 && 2 * buckets.length <= points;
    if (range && isCoarse && range.steps <= Math.max(reread, 2 * table.width)) {
      const steps = await this._withFile(file => this._linesIn(file, range, kind)).catch(() => null);
      if (steps) {
        return thinned(bucketsOf(steps, kind, metric, from, to), points);
      }
    }
    return thinned(buckets, points);
  }

  private _kindOf(metric: string): Kind {
    return metric.startsWith(EVALUATED) && !this._tables.values.has(metric) ? 'evaluated' : 'values';
  }

  private async _follow(file: FileHandle): Promise<void> {
    const { ino: inode, mtimeMs: written, size } = await file.stat();
    const mark = this._mark;
    if (inode === mark?.inode && size === mark.size && written === mark.written && this._unread === 0) {
      return;
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    if (inode !== mark?.inode || size < this._place || !head.startsWith(mark.head)) {
      this._forget();
    }
    this._mark = { inode, head, size, written };
    this._place = await eachLine(
      file,
      this._place,
      size,
      (bytes, start, end, place) => this._take(file, this._lines.read(bytes, start, end), place),
      place => {
        this._place = place;
        this._unread = size - place;
        return !this._isDisposed;
      }
    );
    this._unread = 0;
  }

  /** Take in a line. What is to be read again for it is waited for. */
  private _take(file: FileHandle, said: ILogLine | null, place: number): Promise<void> | undefined {
    if (!said) {
      return undefined;
    }
    const line = withEarlier(said, this._evaluation);
    const lost = KINDS.map(kind => this._cut(kind, line, place));
    if (lost.some(range => range !== null)) {
      return this._restore(file, lost, line).then(() => this._add(line, place));
    }
    this._add(line, place);
    return undefined;
  }

  /** Take away what a line says is so no more. */
  private _cut(kind: Kind, line: ILogLine, place: number): IFileRange | null {
    const first = firstLost(kind, line);
    const { lastStep } = this._tables[kind];
    if (first > lastStep) {
      return null;
    }
    // The newest step is told in full a moment after it was told, as often as ranks agree: that takes nothing back.
    if (first < lastStep || kind === 'evaluated') {
      this._takenBack[kind] += 1;
    }
    return this._tables[kind].cut(first, place);
  }

  private _add(line: ILogLine, place: number): void {
    if (line.evaluated.length > 0) {
      this._evaluation = line;
    }
    for (const kind of KINDS) {
      if (line[kind].length > 0) {
        this._tables[kind].add(line.step, line.time, place, line[kind]);
      }
    }
  }

  /** Add the steps again that went with those that a line takes away. */
  private async _restore(
    file: FileHandle,
    lost: readonly (IFileRange | null)[],
    by: ILogLine
  ): Promise<void> {
    for (const [i, kind] of KINDS.entries()) {
      const range = lost[i];
      for (const { line, place } of range ? await this._linesIn(file, range, kind) : []) {
        if (line.step < firstLost(kind, by)) {
          this._tables[kind].add(line.step, line.time, place, line[kind]);
        }
      }
    }
  }

  /** The lines of one kind in a part of the file, less those that others there take away. */
  private async _linesIn(file: FileHandle, range: IFileRange, kind: Kind): Promise<IPlacedLine[]> {
    const lines: IPlacedLine[] = [];
    await eachLine(file, range.from, range.to, (bytes, start, end, place) => {
      const said = this._lines.read(bytes, start, end);
      if (said) {
        const line = withEarlier(said, lines.at(-1)?.line);
        while ((lines.at(-1)?.line.step ?? -1) >= firstLost(kind, line)) {
          lines.pop();
        }
        if (line[kind].length > 0) {
          lines.push({ line, place });
        }
      }
      return undefined;
    });
    return lines;
  }

  private async _withFile<T>(act: (file: FileHandle) => Promise<T>): Promise<T> {
    const file = await open(this._path, 'r');
    try {
      return await act(file);
    } finally {
      await file.close();
    }
  }

  private _forget(): void {
    if (this._mark !== null) {
      this._takenBack.values += 1;
      this._takenBack.evaluated += 1;
    }
    this._tables = { values: new CurveTable(), evaluated: new CurveTable() };
    this._mark = null;
    this._evaluation = null;
    this._place = 0;
    this._unread = 0;
  }
}

interface IPlacedLine {
  readonly line: ILogLine;
  /** Where it begins in the file. */
  readonly place: number;
}

/** With what an earlier line says of an evaluation after the same step, and this one does not. */
function withEarlier(line: ILogLine, earlier: ILogLine | null | undefined): ILogLine {
  if (!earlier || earlier.step !== line.step || line.evaluated.length === 0) {
    return line;
  }
  const names = new Set(line.evaluated.map(([name]) => name));
  return {
    ...line,
    evaluated: [...earlier.evaluated.filter(([name]) => !names.has(name)), ...line.evaluated]
  };
}

const KINDS = ['values', 'evaluated'] as const;

/**
 * From which step on a line takes away what was told before it. An attempt's own line has evaluations taken away that
 * come later than its beginning: its first evaluation may be far off.
 */
function firstLost(kind: Kind, line: ILogLine): number {
  if (line[kind].length > 0) {
    return line.step;
  }
  return line.begins && kind === 'evaluated' ? line.step + 1 : Number.POSITIVE_INFINITY;
}

/** Lines as buckets of one step each. */
function bucketsOf(
  lines: readonly IPlacedLine[],
  kind: Kind,
  metric: string,
  from: number,
  to: number
): IBucket[] {
  return lines.flatMap(({ line }) => {
    const [, value] = line[kind].find(([name]) => name === metric) ?? [];
    if (value === undefined || line.step < from || line.step > to) {
      return [];
    }
    const number = Number.isFinite(value) ? value : Number.NaN;
    const count = Number.isFinite(value) ? 1 : 0;
    const { step, time } = line;
    return [{ step, time, seen: 1, count, mean: number, low: number, high: number }];
  });
}
