import { duration, plural } from '../format/format.js';
import { barTexts } from './ganttBarText.js';
import { ganttLegend } from './ganttLegend.js';
import {
  FONT_SIZE,
  type IGanttBar,
  type IGanttInput,
  type IGanttLayout,
  type IGanttLine,
  type IGanttLink,
  type ILane,
  type IPlacedBar,
  type IPlacedText,
  type IRect,
  SECTION_NAMES,
  SECTIONS
} from './ganttModel.js';
import { fitText, textWidth } from './textFit.js';
import { SHORTEST_AXIS, timeTicks } from './timeTicks.js';

const MARGIN = 10;
const LINE_HEIGHT = 16;
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
export function layoutGantt(input: IGanttInput, size: { width: number }): IGanttLayout {
  const width = Math.max(240, Math.round(size.width));
  const labels = input.rows.map(row => textWidth(row.label, FONT_SIZE));
  const labelRoom = Math.min(LABEL_ROOM.most, width / 3, Math.max(LABEL_ROOM.least, ...labels));
  const x = MARGIN + labelRoom + 8;
  const plotWidth = width - MARGIN - x;
  const end = chartEnd(input);
  const scale = (seconds: number): number =>
    x + (Math.min(Math.max(seconds, 0), end) / end) * (plotWidth - END_ROOM);

  const { lines, rows: headerRows } = placeLines(input, scale, { left: x, right: x + plotWidth });
  const top = MARGIN / 2 + headerRows * LINE_HEIGHT;
  const { sections, lanes, bottom } = placeLanes(input, top, labelRoom);
  const bars = placeBars(input.bars, lanes, scale);
  const legend = ganttLegend(input, {
    x: width < NARROW ? MARGIN : x,
    right: x + plotWidth,
    y: bottom + LINE_HEIGHT + 16
  });
  const height = (legend.at(-1)?.y ?? bottom + LINE_HEIGHT) + MARGIN;
  const description = describe(input);
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
    ticks: timeTicks(end, plotWidth / 84).map(tick => ({ x: scale(tick.value), label: tick.label })),
    lines,
    legend
  };
}

function chartEnd(input: IGanttInput): number {
  const ends = input.bars.map(bar => bar.end);
  const lines = wantedLines(input).map(line => line.seconds ?? 0);
  const end = [...ends, ...lines].reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, value) : most),
    0
  );
  return end > 0 ? Math.max(end, SHORTEST_AXIS) : 1;
}

function placeLanes(
  input: IGanttInput,
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
    const text =
      kind === 'baseline' && input.baseline
        ? `${SECTION_NAMES[kind]}: ${input.baseline.name}`
        : SECTION_NAMES[kind];
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
  scale: (seconds: number) => number
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
    return [{ bar, rects, texts: textsBeside(lead, bar, largest), lead }];
  });
}

/** Texts that do not cross the edge of the lead, unless that would cost words. */
function textsBeside(lead: number, bar: IGanttBar, rect: IRect): IPlacedText[] {
  const across = barTexts(bar, rect);
  const beside = barTexts(bar, { ...rect, x: rect.x + lead, width: rect.width - lead });
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

interface IWantedLine {
  readonly kind: IGanttLine['kind'];
  readonly seconds: number | undefined;
  /** Its name in full and in brief. */
  readonly words: readonly [string, string];
}

function wantedLines({ makespan, lowerBound, now, baseline, deadlines = [] }: IGanttInput): IWantedLine[] {
  const line = (
    kind: IGanttLine['kind'],
    seconds: number | undefined,
    long: string,
    short: string
  ): IWantedLine => ({
    ...{ kind, seconds },
    words: [`${long} ${duration(seconds)}`, `${short} ${duration(seconds)}`]
  });
  return [
    line('makespan', makespan, 'plan ends', 'plan'),
    line('lower-bound', lowerBound, 'lower bound', 'bound'),
    ...(baseline ? [line('baseline', baseline.makespan, `${baseline.name} ends`, baseline.name)] : []),
    ...deadlines.map(({ seconds, label }) => ({
      ...{ kind: 'deadline' as const, seconds },
      words: [label, `by ${duration(seconds)}`] as const
    })),
    line('now', now, 'now', 'now')
  ];
}

/** Lines with their labels above the chart, in as few rows as keep the labels apart. */
function placeLines(
  input: IGanttInput,
  scale: (seconds: number) => number,
  bounds: { left: number; right: number }
): { lines: IGanttLine[]; rows: number } {
  const rows: [number, number][][] = [];
  const lines: IGanttLine[] = [];
  for (const { kind, seconds, words } of wantedLines(input)) {
    if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0) {
      continue;
    }
    const x = scale(seconds);
    const after = bounds.right - x;
    const wanted = textWidth(words[0], FONT_SIZE) + 8;
    const before = x - bounds.left >= wanted || (after < wanted && x - MARGIN > after);
    const room = (before ? x - MARGIN : after) - 8;
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
        y: MARGIN / 2 + row * LINE_HEIGHT + 11,
        text,
        anchor: before ? 'end' : 'start'
      }
    });
  }
  return { lines, rows: rows.length };
}

function describe(input: IGanttInput): string {
  const { baseline } = input;
  const number = (kind: IGanttBar['kind']): number => input.bars.filter(bar => bar.kind === kind).length;
  const facts = [
    `${plural(number('planned'), 'planned bar')} and ${plural(number('actual'), 'actual bar')} on ${plural(input.rows.length, 'device')}`,
    input.makespan !== undefined && `the plan ends after ${duration(input.makespan)}`,
    input.lowerBound !== undefined && `no plan can end before ${duration(input.lowerBound)}`,
    baseline !== undefined && `${baseline.name} would end after ${duration(baseline.makespan)}`,
    input.now !== undefined && `${duration(input.now)} have passed`
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
