import { printable } from '../format/escape.js';

/** Where a text is found: from and to which character. */
export type Match = readonly [from: number, to: number];

/** Most places that are looked for in an output. */
export const MOST_MATCHES = 1000;

/**
 * What a process has written, as it may be shown: lines that it has written over, as bars of progress are, are as they
 * were written last; colours and other orders to a terminal are left out.
 */
export function outputText(written: string): string {
  return written
    .split('\n')
    .map(line => printable(lastWritten(line).replaceAll('\t', '    ')).replace(/\s+$/, ''))
    .join('\n');
}

/** What is left of a line after carriage returns. */
function lastWritten(line: string): string {
  const parts = line.split('\r').filter(part => part !== '');
  return parts.at(-1) ?? '';
}

/** Where a text occurs, whatever its case; the first of them. */
export function matchesIn(text: string, wanted: string): Match[] {
  const found: Match[] = [];
  const needle = wanted.toLowerCase();
  const within = text.toLowerCase();
  // Some letters change their length with their case; then places would be wrong.
  if (needle === '' || within.length !== text.length) {
    return found;
  }
  for (
    let at = within.indexOf(needle);
    at >= 0 && found.length < MOST_MATCHES;
    at = within.indexOf(needle, at + needle.length)
  ) {
    found.push([at, at + needle.length]);
  }
  return found;
}
