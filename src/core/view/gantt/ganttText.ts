import type { ITranslation } from '../../model/translation.js';
import { printable } from '../format/escape.js';
import type { IGanttBar, IGanttInput, IGanttRow } from './ganttModel.js';
import { type ITick, SHORTEST_AXIS, timeTicks } from './timeTicks.js';

/** Alternate on a row, so that neighbours differ. */
const FILLS = ['▓', '░'] as const;

/**
 * A compact chart for a terminal: a line per device, its bars in alternating shades with their labels inside
 * as far as they fit, and a time axis below.
 *
 * @param width - characters in all, row labels included.
 */
export function ganttText(
  input: IGanttInput,
  kind: IGanttBar['kind'],
  trans: ITranslation,
  width = 100
): string {
  const bars = input.bars.filter(bar => bar.kind === kind);
  const labels = input.rows.map(row => [...printable(row.label)].slice(0, 24).join(''));
  const labelWidth = Math.max(0, ...labels.map(label => label.length));
  const cells = Math.max(20, width - labelWidth - 2);
  const end = Math.max(...bars.map(bar => bar.end), input.makespan ?? 0, SHORTEST_AXIS);
  const column = (seconds: number): number => Math.round((Math.max(seconds, 0) / end) * cells);
  const lines = input.rows.map((row, i) => {
    const label = labels[i] as string;
    return `${label.padStart(labelWidth)}  ${rowText(row, bars, column, cells)}`.trimEnd();
  });
  return [
    ...lines,
    `${' '.repeat(labelWidth + 2)}${axisText(timeTicks({ from: 0, to: end }, cells / 14, trans), column, cells)}`
  ].join('\n');
}

function rowText(
  row: IGanttRow,
  bars: readonly IGanttBar[],
  column: (seconds: number) => number,
  cells: number
): string {
  const line = new Array<string>(cells).fill(' ');
  bars
    .filter(bar => bar.rows.includes(row.key))
    .sort((a, b) => a.start - b.start)
    .forEach((bar, i) => {
      const from = Math.min(column(bar.start), cells - 1);
      const to = Math.max(Math.min(column(bar.end), cells), from + 1);
      const fill = FILLS[i % 2] as string;
      const label = textInside(bar, to - from - 2);
      for (let at = from; at < to; at++) {
        line[at] = label[at - from - 1] ?? fill;
      }
    });
  return line.join('');
}

/** What fits in so many cells: the label, its brief form, the beginning of the label, or nothing. */
function textInside(bar: IGanttBar, room: number): string[] {
  const wordings = [bar.label, bar.brief ?? bar.label].map(wording => [...printable(wording)]);
  const whole = wordings.find(chars => chars.length <= room);
  return whole ?? (room >= 4 ? [...(wordings[0] as string[]).slice(0, room - 1), '…'] : []);
}

function axisText(ticks: readonly ITick[], column: (seconds: number) => number, cells: number): string {
  let line = '';
  for (const tick of ticks) {
    const at = column(tick.value);
    if (at < cells + 8) {
      line = `${line.padEnd(at)}└${tick.label}`;
    }
  }
  return line;
}
