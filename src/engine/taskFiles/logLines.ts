import type { FileHandle } from 'node:fs/promises';

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

/** What a line says of a step; NaN where there is no number. */
export interface ILogLine {
  readonly step: number;
  /** Seconds since the epoch. */
  readonly time: number;
  /** Of the step itself, by name. */
  readonly values: readonly (readonly [string, number])[];
  /** Of an evaluation after the step, by names that begin with `eval/`. */
  readonly evaluated: readonly (readonly [string, number])[];
}

/**
 * Take in the whole lines between two places of a file, without holding up others: between two pieces of it other
 * things happen.
 *
 * @param take - is given a line's text and its place; what it does later is waited for.
 * @param goOn - asked before each piece.
 * @returns the place after the last whole line.
 */
export async function eachLine(
  file: FileHandle,
  from: number,
  to: number,
  take: (text: string, place: number) => Promise<void> | undefined,
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
      const later = end > start ? take(chunk.toString('utf8', start, end), place + start) : undefined;
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

/** What a line says; null for one that says nothing of a step, or was written by halves. */
export function parseLine(text: string): ILogLine | null {
  const line = objectOf(text);
  const { step, time } = line ?? {};
  if (!line || typeof step !== 'number' || !Number.isSafeInteger(step) || step < 0) {
    return null;
  }
  const values: [string, number][] = [];
  for (const name in line) {
    if (BUILT_IN.has(name)) {
      add(values, name, line[name]);
    }
  }
  for (const [name, value] of entriesOf(line.metrics)) {
    add(values, BUILT_IN.has(name) ? `metrics/${name}` : name, value);
  }
  const evaluated: [string, number][] = [];
  for (const [name, value] of entriesOf(line.eval)) {
    add(evaluated, `eval/${name}`, value);
  }
  return { step, time: typeof time === 'number' ? time : 0, values, evaluated };
}

function objectOf(text: string): Record<string, unknown> | null {
  for (const read of READINGS) {
    try {
      const value: unknown = JSON.parse(read(text));
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
    } catch {}
  }
  return null;
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

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function add(to: [string, number][], name: string, value: unknown): void {
  if (typeof value === 'number') {
    to.push([name, value]);
  } else if (value === null) {
    to.push([name, Number.NaN]);
  }
}
