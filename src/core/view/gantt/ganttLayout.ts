import type { ITranslation } from '../../model/translation.js';
import { count, deviceCount, duration } from '../format/format.js';
import { barTexts } from './ganttBarText.js';
import { ganttLegend } from './ganttLegend.js';
import { ganttLines, type IGanttMark, placeLines } from './ganttLines.js';
import {
  FONT_SIZE,
  type IGanttBar,
  type IGanttInput,
  type IGanttLayout,
  type IGanttLink,
  type ILane,
  type IPlacedBar,
  type IPlacedText,
  type IRect,
  LINE_HEIGHT,
  SECTIONS,
  sectionName
} from './ganttModel.js';
import { fitText, textWidth } from './textFit.js';
import { SHORTEST_AXIS, timeTicks } from './timeTicks.js';

const MARGIN = 10;
const LABEL_ROOM = { least: 36, most: 170 };
/** Room at the right end, so that a bar of no length at the very end is inside too. */
const END_ROOM = 2;
const LEAST_BAR = 2;
/** Overhead narrower than this is not drawn. */
const LEAST_LEAD = 1.5;
/** Charts less wide than this have no room to spare under the lane names. */
const NARROW = 480;

/**
 * Measure a chart out: the plan above, what happened below, one lane per device in each, on one time axis,
 * so that a bar over several devices is one rectangle and the two are compared straight down.
 *
 * @param size - width in pixels of the whole chart; at least 240 is used.
 */
export function layoutGantt(input: IGanttInput, trans: ITranslation, size: { width: number }): IGanttLayout {
  const width = Math.max(240, Math.round(size.width));
  const labels = input.rows.map(row => textWidth(row.label, FONT_SIZE));
  const labelRoom = Math.min(LABEL_ROOM.most, width / 3, Math.max(LABEL_ROOM.least, ...labels));
  const x = MARGIN + labelRoom + 8;
  const plotWidth = width - MARGIN - x;
  const marks = ganttLines(input, trans);
  const end = chartEnd(input, marks);
  const scale = (seconds: number): number =>
    x + (Math.min(Math.max(seconds, 0), end) / end) * (plotWidth - END_ROOM);

  const { lines, rows: headerRows } = placeLines(marks, scale, {
    left: x,
    right: x + plotWidth,
    top: MARGIN / 2,
    edge: MARGIN
  });
  const top = MARGIN / 2 + headerRows * LINE_HEIGHT;
  const { sections, lanes, bottom } = placeLanes(input, trans, top, labelRoom);
  const bars = placeBars(input.bars, lanes, scale, trans);
  const legend = ganttLegend(input, trans, {
    x: width < NARROW ? MARGIN : x,
    right: x + plotWidth,
    y: bottom + LINE_HEIGHT + 16
  });
  const height = (legend.at(-1)?.y ?? bottom + LINE_HEIGHT) + MARGIN;
  const description = describe(input, trans);
  return {
    id: fingerprint(
      `${description}${width}${input.bars.map(bar => `${bar.id}${bar.start}${bar.end}`).join()}`
    ),
    title: input.title,
    description,
    width,
    height,
    plot: { x, y: top, width: plotWidth, height: bottom - top },
    secondsPerPixel: end / (plotWidth - END_ROOM),
    sections,
    lanes,
    bars,
    links: placeLinks(bars),
    ticks: timeTicks(end, plotWidth / 84, trans).map(tick => ({ x: scale(tick.value), label: tick.label })),
    lines,
    legend
  };
}

function chartEnd(input: IGanttInput, marks: readonly IGanttMark[]): number {
  const ends = input.bars.map(bar => bar.end);
  const lines = marks.map(line => line.seconds ?? 0);
  const end = [...ends, ...lines].reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, value) : most),
    0
  );
  return end > 0 ? Math.max(end, SHORTEST_AXIS) : 1;
}

function placeLanes(
  input: IGanttInput,
  trans: ITranslation,
  top: number,
  labelRoom: number
): { sections: IPlacedText[]; lanes: ILane[]; bottom: number } {
  const height = input.rows.length <= 8 ? 26 : input.rows.length <= 24 ? 20 : 15;
  const sections: IPlacedText[] = [];
  const lanes: ILane[] = [];
  let y = top;
  for (const kind of SECTIONS) {
    if (!input.bars.some(bar => bar.kind === kind)) {
      continue;
    }
    y += lanes.length === 0 ? 0 : 6;
    const name = sectionName(kind, trans);
    const text = kind === 'baseline' && input.baseline ? `${name}: ${input.baseline.name}` : name;
    sections.push({ x: MARGIN, y: y + 12, text, anchor: 'start' });
    y += LINE_HEIGHT + 1;
    for (const row of input.rows) {
      const { key, node } = row;
      lanes.push({ kind, key, node, label: fitText(row.label, labelRoom, FONT_SIZE), y, height });
      y += height;
    }
  }
  return { sections, lanes, bottom: y };
}

function placeBars(
  bars: readonly IGanttBar[],
  lanes: readonly ILane[],
  scale: (seconds: number) => number,
  trans: ITranslation
): IPlacedBar[] {
  const next = nextStarts(bars);
  return bars.flatMap(bar => {
    const mine = lanes.filter(lane => lane.kind === bar.kind && bar.rows.includes(lane.key));
    if (mine.length === 0) {
      return [];
    }
    const x = scale(bar.start);
    const free = next.has(bar) ? scale(next.get(bar) as number) - x : Infinity;
    const width = Math.min(Math.max(scale(bar.end) - x - 1, LEAST_BAR), free);
    const rects = adjacentRuns(mine, lanes).map(run => {
      const first = run[0] as ILane;
      const last = run.at(-1) as ILane;
      return { x, y: first.y + 2, width, height: last.y + last.height - first.y - 4 };
    });
    const largest = rects.reduce((best, rect) => (rect.height > best.height ? rect : best));
    const wide = Math.min(width, scale(bar.start + (bar.overhead ?? 0)) - x);
    const lead = wide < LEAST_LEAD ? 0 : wide;
    return [{ bar, rects, texts: textsBeside(lead, bar, largest, trans), lead }];
  });
}

/** Texts that do not cross the edge of the lead, unless that would cost words. */
function textsBeside(lead: number, bar: IGanttBar, rect: IRect, trans: ITranslation): IPlacedText[] {
  const across = barTexts(bar, rect, trans);
  const beside = barTexts(bar, { ...rect, x: rect.x + lead, width: rect.width - lead }, trans);
  const words = (texts: readonly IPlacedText[]): string => texts.map(({ text }) => text).join('\n');
  return words(beside) === words(across) ? beside : across;
}

function placeLinks(bars: readonly IPlacedBar[]): IGanttLink[] {
  const byId = new Map(bars.map(placed => [placed.bar.id, placed]));
  const middle = (rect: IRect): number => rect.y + rect.height / 2;
  return bars.flatMap(({ bar, rects }) => {
    const [from] = rects as [IRect];
    const [to] = (bar.next === undefined ? undefined : byId.get(bar.next))?.rects ?? [];
    return to
      ? [
          {
            from: { x: from.x + from.width, y: middle(from) },
            to: { x: to.x, y: middle(to) },
            colour: bar.colour
          }
        ]
      : [];
  });
}

/** When the next bar starts on any of the lanes of a bar; nothing for the last. */
function nextStarts(bars: readonly IGanttBar[]): Map<IGanttBar, number> {
  const lanes = new Map<string, IGanttBar[]>();
  for (const bar of bars) {
    for (const key of new Set(bar.rows)) {
      const lane = `${bar.kind} ${key}`;
      const list = lanes.get(lane);
      if (list) {
        list.push(bar);
      } else {
        lanes.set(lane, [bar]);
      }
    }
  }
  const next = new Map<IGanttBar, number>();
  for (const list of lanes.values()) {
    list.sort((a, b) => a.start - b.start || a.end - b.end);
    for (const [i, bar] of list.slice(0, -1).entries()) {
      const { start } = list[i + 1] as IGanttBar;
      next.set(bar, Math.min(next.get(bar) ?? start, start));
    }
  }
  return next;
}

function adjacentRuns(mine: readonly ILane[], lanes: readonly ILane[]): ILane[][] {
  const runs: ILane[][] = [];
  let previous = -2;
  for (const lane of mine) {
    const index = lanes.indexOf(lane);
    if (index === previous + 1) {
      runs.at(-1)?.push(lane);
    } else {
      runs.push([lane]);
    }
    previous = index;
  }
  return runs;
}

function describe(input: IGanttInput, trans: ITranslation): string {
  const { baseline } = input;
  const time = (seconds: number): string => duration(seconds, trans);
  const number = (kind: IGanttBar['kind']): number => input.bars.filter(bar => bar.kind === kind).length;
  const [planned, actual] = [number('planned'), number('actual')];
  const facts = [
    trans.__(
      '%1 and %2 on %3',
      trans._n('%2 planned bar', '%2 planned bars', planned, count(planned)),
      trans._n('%2 actual bar', '%2 actual bars', actual, count(actual)),
      deviceCount(input.rows.length, trans)
    ),
    input.makespan !== undefined && trans.__('the plan ends after %1', time(input.makespan)),
    input.lowerBound !== undefined && trans.__('no plan can end before %1', time(input.lowerBound)),
    baseline !== undefined && trans.__('%1 would end after %2', baseline.name, time(baseline.makespan)),
    input.now !== undefined && trans.__('%1 have passed', time(input.now))
  ].filter(fact => fact !== false);
  return `${facts.join('; ')}.`;
}

/** A short name for a text: FNV-1a, base 36. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}
