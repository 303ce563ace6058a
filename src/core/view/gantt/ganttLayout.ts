import type { ITranslation } from '../../model/translation.js';
import { count, deviceCount, duration } from '../format/format.js';
import { placeEvents } from './ganttEvents.js';
import { placeLanes, placeLoad } from './ganttLanes.js';
import { ganttLegend } from './ganttLegend.js';
import { ganttLines, type IGanttMark, placeLines } from './ganttLines.js';
import { FONT_SIZE, type IGanttBar, type IGanttInput, type IGanttLayout, LINE_HEIGHT } from './ganttModel.js';
import { placeAbsences, placeBars, placeLinks } from './ganttPlaces.js';
import { textWidth } from './textFit.js';
import { SHORTEST_AXIS, timeTicks } from './timeTicks.js';
import { spanOf, type TimeWindow } from './timeWindow.js';

const MARGIN = 10;
const LABEL_ROOM = { least: 36, most: 170 };
/** Room at the right end, so that a bar of no length at the very end is inside too. */
const END_ROOM = 2;
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
