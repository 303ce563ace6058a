import type { FileHandle } from 'node:fs/promises';
import { LineScanner } from './lineScanner.js';

/** Read at once, in bytes. No line that is worth reading is longer. */
const CHUNK = 256 * 1024;

const NEWLINE = 10;

/** What is no JSON, and Python writes nevertheless. */
const NO_NUMBER = /:\s*(?:NaN|-?Infinity)\s*(?=[,}])/g;

/** What is written for every step, and no metric of the user's own is called. */
const BUILT_IN: ReadonlySet<string> = new Set([
  'loss',
  'lr',
  'grad_norm',
  'step_seconds',
  'samples_per_second',
  'peak_bytes'
]);

/** How the names of what evaluations say begin. */
export const EVALUATED = 'eval/';

/** What a line says of a step; NaN where there is no number. */
export interface ILogLine {
  readonly step: number;
  /** Seconds since the epoch. */
  readonly time: number;
  /** Of the step itself, by name. */
  readonly values: readonly (readonly [string, number])[];
  /** Of an evaluation after the step, by names that begin with `eval/`. */
  readonly evaluated: readonly (readonly [string, number])[];
  /** Whether an attempt at the task begins after the step. */
  readonly begins: boolean;
}

/**
 * Take in the whole lines between two places of a file, without holding up others: between two pieces of it other
 * things happen.
 *
 * @param take - is given a piece with a line, where the line is in it, and its place in the file; what it does later is
 *   waited for.
 * @param goOn - asked before each piece.
 * @returns the place after the last whole line.
 */
export async function eachLine(
  file: FileHandle,
  from: number,
  to: number,
  take: (bytes: Buffer, start: number, end: number, place: number) => Promise<void> | undefined,
  goOn: (place: number) => boolean = () => true
): Promise<number> {
  let place = from;
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(0, to - from)));
  while (place < to && goOn(place)) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, to - place), place);
    let start = 0;
    for (;;) {
      const end = chunk.subarray(0, bytesRead).indexOf(NEWLINE, start);
      if (end < 0) {
        break;
      }
      const later = end > start ? take(chunk, start, end, place + start) : undefined;
      if (later) {
        await later;
      }
      start = end + 1;
    }
    if (start === 0 && bytesRead < CHUNK) {
      break; // a line that is not whole yet, or was cut off for good
    }
    place += start === 0 ? bytesRead : start;
  }
  return place;
}

/** Reads what lines say. */
export class LogLineReader {
  private readonly _scanner = new LineScanner();
  private _step = Number.NaN;
  private _time = 0;
  private _values: [string, number][] = [];
  private _evaluated: [string, number][] = [];
  private _begins = false;

  /** What a line says; null for one that says nothing of a step, or was written by halves. */
  read(bytes: Buffer, start: number, end: number): ILogLine | null {
    this._clear();
    if (!this._scanner.scan(bytes, start, end, this._take)) {
      this._clear();
      this._takeObject(objectOf(bytes.toString('utf8', start, end)));
    }
    return Number.isSafeInteger(this._step) && this._step >= 0
      ? {
          step: this._step,
          time: this._time,
          values: this._values,
          evaluated: this._evaluated,
          begins: this._begins
        }
      : null;
  }

  private _clear(): void {
    this._step = Number.NaN;
    this._time = 0;
    this._values = [];
    this._evaluated = [];
    this._begins = false;
  }

  private _takeObject(line: object): void {
    for (const [name, value] of Object.entries(line)) {
      if (value !== null && typeof value === 'object') {
        for (const [inner, each] of Object.entries(value)) {
          this._takeValue(inner, each, name);
        }
      } else {
        this._takeValue(name, value, '');
      }
    }
  }

  private _takeValue(name: string, value: unknown, within: string): void {
    if (typeof value === 'number' || value === null) {
      this._take(name, value ?? Number.NaN, within);
    }
  }

  /** A number, by the name it has within the line or within one of its parts. */
  private readonly _take: LineScanner.Take = (name, value, within) => {
    if (within === 'metrics') {
      this._values.push([BUILT_IN.has(name) ? `metrics/${name}` : name, value]);
    } else if (within === 'eval') {
      this._evaluated.push([`${EVALUATED}${name}`, value]);
    } else if (within === 'segment') {
      this._begins = true;
    } else if (within === '') {
      if (name === 'step') {
        this._step = value;
      } else if (name === 'time') {
        this._time = Number.isFinite(value) ? value : 0;
      } else if (BUILT_IN.has(name)) {
        this._values.push([name, value]);
      }
    }
  };
}

function objectOf(text: string): object {
  for (const read of READINGS) {
    try {
      const value: unknown = JSON.parse(read(text));
      return typeof value === 'object' && value !== null ? value : {};
    } catch {}
  }
  return {};
}

/**
 * Ways to read a line, one after the other: as it is; with numbers that JSON does not have; and behind the beginning of
 * one that its writer did not live to end.
 */
const READINGS: readonly ((text: string) => string)[] = [
  text => text,
  text => text.replace(NO_NUMBER, ':null'),
  text => text.slice(Math.max(0, text.lastIndexOf('{"step"'))).replace(NO_NUMBER, ':null')
];
