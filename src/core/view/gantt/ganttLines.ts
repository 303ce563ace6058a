import type { ITranslation } from '../../model/translation.js';
import { duration } from '../format/format.js';
import { FONT_SIZE, type IGanttInput, type IGanttLine, LINE_HEIGHT } from './ganttModel.js';
import { fitText, textWidth } from './textFit.js';

/** A moment to mark in a chart: a line through it, and a name above. */
export interface IGanttMark {
  readonly kind: IGanttLine['kind'];
  readonly seconds: number | undefined;
  /** Its name in full and in brief. */
  readonly words: readonly [string, string];
}

/** The moments a chart marks; those it does not know are without seconds. */
export function ganttLines(
  { makespan, lowerBound, now, isPast, baseline, deadlines = [] }: IGanttInput,
  trans: ITranslation
): IGanttMark[] {
  const time = (seconds: number | undefined): string => duration(seconds, trans);
  const at = isPast ? trans.__('then %1', time(now)) : trans.__('now %1', time(now));
  const end = time(makespan);
  const bound = time(lowerBound);
  return [
    {
      kind: 'makespan',
      seconds: makespan,
      words: [trans.__('plan ends %1', end), trans.__('plan %1', end)]
    },
    {
      kind: 'lower-bound',
      seconds: lowerBound,
      words: [trans.__('lower bound %1', bound), trans.__('bound %1', bound)]
    },
    ...(baseline
      ? [
          {
            kind: 'baseline' as const,
            seconds: baseline.makespan,
            words: [
              trans.__('%1 ends %2', baseline.name, time(baseline.makespan)),
              `${baseline.name} ${time(baseline.makespan)}`
            ] as const
          }
        ]
      : []),
    ...deadlines.map(({ seconds, label }) => ({
      kind: 'deadline' as const,
      seconds,
      words: [label, trans.__('by %1', time(seconds))] as const
    })),
    { kind: 'now', seconds: now, words: [at, at] }
  ];
}

/** Lines with their labels above the chart, in as few rows as keep the labels apart. */
export function placeLines(
  marks: readonly IGanttMark[],
  scale: (seconds: number) => number,
  bounds: { left: number; right: number; top: number; edge: number }
): { lines: IGanttLine[]; rows: number } {
  const rows: [number, number][][] = [];
  const lines: IGanttLine[] = [];
  for (const { kind, seconds, words } of marks) {
    if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0) {
      continue;
    }
    const x = scale(seconds);
    const after = bounds.right - x;
    const wanted = textWidth(words[0], FONT_SIZE) + 8;
    const before = x - bounds.left >= wanted || (after < wanted && x - bounds.edge > after);
    const room = (before ? x - bounds.edge : after) - 8;
    const fitting = words.find(wording => textWidth(wording, FONT_SIZE) <= room);
    const text = fitting ?? fitText(words[0], room, FONT_SIZE);
    const wide = textWidth(text, FONT_SIZE);
    const span: [number, number] = before ? [x - wide - 8, x] : [x, x + wide + 8];
    let row = rows.findIndex(taken => taken.every(([from, to]) => span[1] < from || span[0] > to));
    if (row < 0) {
      row = rows.push([]) - 1;
    }
    rows[row]?.push(span);
    lines.push({
      kind,
      x,
      textWidth: wide,
      text: {
        x: before ? x - 4 : x + 4,
        y: bounds.top + row * LINE_HEIGHT + 11,
        text,
        anchor: before ? 'end' : 'start'
      }
    });
  }
  return { lines, rows: rows.length };
}
