import type { ITranslation } from '../../model/translation.js';
import { count, deviceCount, duration } from '../format/format.js';
import { barTexts } from './ganttBarText.js';
import { placeEvents } from './ganttEvents.js';
import { placeLanes, placeLoad } from './ganttLanes.js';
import { ganttLegend } from './ganttLegend.js';
import { ganttLines, type IGanttMark, placeLines } from './ganttLines.js';
import {
  FONT_SIZE,
  type IGanttAbsence,
  type IGanttBar,
  type IGanttInput,
  type IGanttLayout,
  type IGanttLink,
  type ILane,
  type IPlacedAbsence,
  type IPlacedBar,
  type IPlacedText,
  type IRect,
  type ITimeSpan,
  LINE_HEIGHT
} from './ganttModel.js';
import { textWidth } from './textFit.js';
import { SHORTEST_AXIS, timeTicks } from './timeTicks.js';
import { spanOf, type TimeWindow } from './timeWindow.js';

const MARGIN = 10;
const LABEL_ROOM = { least: 36, most: 170 };
/** Room at the right end, so that a bar of no length at the very end is inside too. */
const END_ROOM = 2;
const LEAST_BAR = 2;
/** Overhead narrower than this is not drawn. */
const LEAST_LEAD = 1.5;
/** Charts less wide than this have no room to spare under the lane names. */
const NARROW = 480;

/** How a chart is measured out. */
export interface IGanttLayoutOptions {
  /** Width in pixels of the whole chart; at least 240 is used. */
  readonly width: number;
  /** What is seen of time; all when absent. */
  readonly window?: TimeWindow;
  /** Whether nodes have a line of their own where there are several. */
  readonly byNode?: boolean;
  /** Ids of nodes whose lanes are drawn narrow. */
  readonly folded?: ReadonlySet<string>;
  /** Keeps the ids of charts on one page apart; made of the chart when absent. */
  readonly id?: string;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Measure a chart out: the plan above, what happened below, one lane per device in each, on one time axis,
 * so that a bar over several devices is one rectangle and the two are compared straight down.
 */
export function layoutGantt(
  input: IGanttInput,
  trans: ITranslation,
  options: IGanttLayoutOptions
): IGanttLayout {
  const width = Math.max(240, Math.round(options.width));
  const { byNode = false, folded = NONE } = options;
  const labels = input.rows.map(row => textWidth(byNode ? (row.device ?? row.label) : row.label, FONT_SIZE));
  const loads = [...(input.loads?.values() ?? [])].map(load => textWidth(load.text, FONT_SIZE));
  const labelRoom = Math.min(
    LABEL_ROOM.most,
    width / 3,
    [...labels, ...loads].reduce((most, one) => Math.max(most, one), LABEL_ROOM.least)
  );
  const x = MARGIN + labelRoom + 8;
  const plotWidth = width - MARGIN - x;
  const marks = ganttLines(input, trans);
  const end = chartEnd(input, marks);
  const window = spanOf(options.window ?? null, end);
  const { from, to } = window;
  const scale = (seconds: number): number =>
    x + ((Math.min(Math.max(seconds, from), to) - from) / (to - from)) * (plotWidth - END_ROOM);
  const isSeen = (seconds: number | undefined): boolean =>
    seconds === undefined || (seconds >= from && seconds <= to);

  const eventRoom = input.events?.length ? LINE_HEIGHT : 0;
  const { lines, rows: headerRows } = placeLines(
    marks.filter(mark => isSeen(mark.seconds)),
    scale,
    {
      left: x,
      right: x + plotWidth,
      top: MARGIN / 2,
      edge: MARGIN
    }
  );
  const top = MARGIN / 2 + headerRows * LINE_HEIGHT + eventRoom;
  const { sections, nodes, lanes, strips, bottom } = placeLanes(input, trans, {
    ...{ top, left: MARGIN, labelEnd: x - 8, labelRoom, byNode, folded }
  });
  const bars = placeBars(input.bars, { lanes, scale, window, trans });
  const legend = ganttLegend(input, trans, {
    x: width < NARROW ? MARGIN : x,
    right: x + plotWidth,
    y: bottom + LINE_HEIGHT + 16
  });
  const height = (legend.at(-1)?.y ?? bottom + LINE_HEIGHT) + MARGIN;
  const description = describe(input, trans);
  return {
    id:
      options.id ??
      fingerprint(`${description}${width}${input.bars.map(bar => `${bar.id}${bar.start}${bar.end}`).join()}`),
    title: input.title,
    description,
    width,
    height,
    plot: { x, y: top, width: plotWidth, height: bottom - top },
    secondsPerPixel: (to - from) / (plotWidth - END_ROOM),
    window,
    end,
    sections,
    nodes,
    lanes,
    loads: strips.map(strip => placeLoad(strip, { x, width: plotWidth }, x - 8, scale)),
    absences: placeAbsences(input.absences ?? [], { lanes, scale, window }),
    ghosts: placeBars(input.ghosts ?? [], { lanes, scale, window, trans }),
    events: placeEvents(
      (input.events ?? []).filter(({ seconds }) => isSeen(seconds)),
      scale,
      trans
    ),
    bars,
    links: placeLinks(bars),
    ticks: timeTicks(window, plotWidth / 84, trans).map(tick => ({
      x: scale(tick.value),
      label: tick.label
    })),
    lines,
    legend
  };
}

/** When a chart ends, in seconds: there is nothing behind. */
export function ganttEnd(input: IGanttInput, trans: ITranslation): number {
  return chartEnd(input, ganttLines(input, trans));
}

function chartEnd(input: IGanttInput, marks: readonly IGanttMark[]): number {
  const ends = [...input.bars, ...(input.ghosts ?? [])].map(bar => bar.end);
  const lines = marks.map(line => line.seconds ?? 0);
  const end = [...ends, ...lines].reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, value) : most),
    0
  );
  return end > 0 ? Math.max(end, SHORTEST_AXIS) : 1;
}

/** Where bars are placed. */
interface IBarSpace {
  readonly lanes: readonly ILane[];
  readonly scale: (seconds: number) => number;
  readonly window: ITimeSpan;
  readonly trans: ITranslation;
}

function placeBars(bars: readonly IGanttBar[], { lanes, scale, window, trans }: IBarSpace): IPlacedBar[] {
  const next = nextStarts(bars);
  const index = new Map(lanes.map((lane, i) => [`${lane.kind} ${lane.key}`, i]));
  return bars.flatMap(bar => {
    if (bar.end < window.from || bar.start > window.to) {
      return [];
    }
    const mine = [...new Set(bar.rows)]
      .flatMap(row => index.get(`${bar.kind} ${row}`) ?? [])
      .sort((a, b) => a - b);
    if (mine.length === 0) {
      return [];
    }
    const x = scale(bar.start);
    const free = next.has(bar) ? scale(next.get(bar) as number) - x : Infinity;
    const width = Math.min(Math.max(scale(bar.end) - x - 1, LEAST_BAR), free);
    const rects = adjacentRuns(mine, lanes).map(run => {
      const first = run[0] as ILane;
      const last = run.at(-1) as ILane;
      const inset = first.height > 6 ? 2 : 0;
      return { x, y: first.y + inset, width, height: last.y + last.height - first.y - 2 * inset };
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
  if (lead === 0 || across.length === 0) {
    return across;
  }
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

/** On the lanes of what happened, run by run: between them may lie how busy devices were. */
function placeAbsences(
  absences: readonly IGanttAbsence[],
  { lanes, scale, window }: Pick<IBarSpace, 'lanes' | 'scale' | 'window'>
): IPlacedAbsence[] {
  return absences.flatMap(absence => {
    if (absence.to <= window.from || absence.from >= window.to) {
      return [];
    }
    const mine = lanes.flatMap(({ kind, node }, i) =>
      kind === 'actual' && node === absence.node ? [i] : []
    );
    const x = scale(absence.from);
    return adjacentRuns(mine, lanes).map(run => {
      const [first, last] = [run[0] as ILane, run.at(-1) as ILane];
      const width = Math.max(LEAST_BAR, scale(absence.to) - x);
      return { absence, rect: { x, y: first.y, width, height: last.y + last.height - first.y } };
    });
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

/** Lanes by their numbers, in runs of those that touch. */
function adjacentRuns(mine: readonly number[], lanes: readonly ILane[]): ILane[][] {
  const runs: ILane[][] = [];
  let below = Number.NaN;
  for (const index of mine) {
    const lane = lanes[index] as ILane;
    if (Math.abs(lane.y - below) < 1e-6) {
      runs.at(-1)?.push(lane);
    } else {
      runs.push([lane]);
    }
    below = lane.y + lane.height;
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
    input.now !== undefined && trans.__('%1 have passed', time(input.now)),
    ...(input.absences ?? []).map(({ node, text }) => trans.__('%1 %2', node, text))
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
