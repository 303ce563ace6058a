import type { ITranslation } from '../../model/translation.js';

/** Size of all text in the chart, in pixels. */
export const FONT_SIZE = 11;

/** Height of a line of text, in pixels. */
export const LINE_HEIGHT = 16;

/** The parts of a chart, from above. */
export const SECTIONS = ['planned', 'actual', 'baseline'] as const;

/** Work of one task on some devices; times are seconds from the left end of the chart. */
export interface IGanttBar {
  /** Unique in the chart. */
  readonly id: string;
  readonly task: string;
  /** Name written in the bar. */
  readonly label: string;
  /** Keys of the rows it occupies. */
  readonly rows: readonly string[];
  readonly start: number;
  readonly end: number;
  /** `baseline`: planned by a simple rule, to compare with. */
  readonly kind: (typeof SECTIONS)[number];
  readonly state?: 'starting' | 'running' | 'finished' | 'failed' | 'oom' | 'lost' | 'stopped' | 'left';
  /** Number of its group: {@link IGanttInput.groups}. */
  readonly colour: number;
  /** Everything about it, for a tooltip; lines are separated by line breaks. */
  readonly detail: string;
  /** Drawn as texture. */
  readonly technique?: string;
  /** Written when the label does not fit, e.g. the label without what the colour says. */
  readonly brief?: string;
  /** Written after or under the label when there is room, e.g. the strategy. */
  readonly note?: string;
  /** Seconds at its beginning that pay for starting and for the checkpoint before. */
  readonly overhead?: number;
  /** Whether the user said where, how or when it is to run. */
  readonly pinned?: boolean;
  /** Whether the user may move it. */
  readonly movable?: boolean;
  /** The bar of the same task that goes on where this one ends: its id. */
  readonly next?: string;
  /** All tasks of a run of several; `task` is the first. */
  readonly tasks?: readonly string[];
}

/** A moment by which work is to be done. */
export interface IGanttDeadline {
  readonly seconds: number;
  readonly label: string;
}

/** A time, in seconds from the left end of the chart. */
export interface ITimeSpan {
  readonly from: number;
  readonly to: number;
}

/** A moment at which something happened that the chart marks. */
export interface IGanttEvent {
  readonly id: string;
  readonly seconds: number;
  /** A character or two. */
  readonly sign: string;
  /** Everything about it, for a tooltip. */
  readonly detail: string;
}

/** How busy a device was for a time; shares from 0 to 1, null where that is not known. */
export interface ILoadSpan extends ITimeSpan {
  readonly load: number | null;
  /** Of its memory. */
  readonly memory: number | null;
}

/** How busy a device is, and was. */
export interface IGanttLoad {
  readonly spans: readonly ILoadSpan[];
  /** How busy it is now, in a few characters; empty when that is not known. */
  readonly text: string;
  /** Everything about it, for a tooltip. */
  readonly detail: string;
}

/** A device. */
export interface IGanttRow {
  readonly key: string;
  readonly label: string;
  /** What it is called on its node; the label when absent. */
  readonly device?: string;
  /** Id of its node. */
  readonly node?: string;
}

/** A time in which a node was, or is, away. */
export interface IGanttAbsence extends ITimeSpan {
  readonly node: string;
  /** Said with the node's name: `away since 14:02`. */
  readonly text: string;
}

/** What a Gantt chart shows. */
export interface IGanttInput {
  readonly title: string;
  readonly rows: readonly IGanttRow[];
  readonly bars: readonly IGanttBar[];
  /** Names of the colours, for the legend. */
  readonly groups?: readonly string[];
  readonly now?: number;
  /** Whether `now` is a time that is past: the chart shows how things were then. */
  readonly isPast?: boolean;
  /** No schedule can end earlier. */
  readonly lowerBound?: number;
  /** When the plan ends. */
  readonly makespan?: number;
  /** The plan of a simple rule whose bars are shown, too. */
  readonly baseline?: { readonly name: string; readonly makespan: number };
  readonly deadlines?: readonly IGanttDeadline[];
  /** Planned bars that are to be replaced, drawn as outlines over the others. */
  readonly ghosts?: readonly IGanttBar[];
  readonly events?: readonly IGanttEvent[];
  /** How busy the devices are, by the keys of their rows: shown under what happened on them. */
  readonly loads?: ReadonlyMap<string, IGanttLoad>;
  /** Nodes that are away: shown behind what happened on them. */
  readonly absences?: readonly IGanttAbsence[];
}

/** A rectangle in pixels. */
export interface IRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A text placed by the left, middle or right of its baseline. */
export interface IPlacedText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** Turned to read from bottom to top. */
  readonly upright?: boolean;
}

/** A bar with its rectangles, one per run of adjacent rows, and the texts that fit in the largest. */
export interface IPlacedBar {
  readonly bar: IGanttBar;
  readonly rects: readonly IRect[];
  readonly texts: readonly IPlacedText[];
  /** Width of the part that is overhead, in pixels. */
  readonly lead: number;
}

/** From the end of a bar to the beginning of the one that goes on with its task. */
export interface IGanttLink {
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  readonly colour: number;
}

/** A row of the plan or of what happened. */
export interface ILane {
  readonly kind: IGanttBar['kind'];
  readonly key: string;
  readonly label: string;
  readonly node?: string;
  readonly y: number;
  readonly height: number;
}

/** The name of a node above its lanes. */
export interface IPlacedNode {
  readonly node: string;
  readonly text: IPlacedText;
  /** Whether its lanes are drawn narrow, and without names. */
  readonly isFolded: boolean;
}

/** How busy a device was, drawn under its lane. */
export interface IPlacedLoad {
  readonly rect: IRect;
  /** Outline of the area that stands for the load, as an SVG path. */
  readonly load: string;
  /** Line that stands for the memory, as an SVG path. */
  readonly memory: string;
  readonly text: IPlacedText;
  readonly detail: string;
}

/** When a node was away, behind its lanes. */
export interface IPlacedAbsence {
  readonly absence: IGanttAbsence;
  readonly rect: IRect;
}

/** A moment that is marked. */
export interface IPlacedEvent {
  readonly event: IGanttEvent;
  readonly x: number;
}

/** A vertical line through the chart. */
export interface IGanttLine {
  readonly kind: 'lower-bound' | 'makespan' | 'now' | 'baseline' | 'deadline';
  readonly x: number;
  readonly text: IPlacedText;
  /** Of its text, in pixels. */
  readonly textWidth: number;
}

/** An entry of the legend: a swatch in a colour, a texture or as a mark, and its name. */
export interface ILegendItem {
  readonly kind: 'colour' | 'texture' | 'overhead' | 'pinned';
  readonly colour: number;
  readonly technique: string;
  readonly text: string;
  readonly x: number;
  /** Of the text's baseline. */
  readonly y: number;
}

/** A chart measured out; all lengths in pixels. */
export interface IGanttLayout {
  /** Same for the same chart; keeps the ids of charts on one page apart. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** Where time runs. */
  readonly plot: IRect;
  /** Seconds that one pixel stands for. */
  readonly secondsPerPixel: number;
  /** What is seen of time. */
  readonly window: ITimeSpan;
  /** When the chart ends, in seconds: there is nothing behind. */
  readonly end: number;
  readonly sections: readonly IPlacedText[];
  readonly lanes: readonly ILane[];
  readonly nodes: readonly IPlacedNode[];
  readonly loads: readonly IPlacedLoad[];
  readonly ghosts: readonly IPlacedBar[];
  readonly absences: readonly IPlacedAbsence[];
  readonly events: readonly IPlacedEvent[];
  readonly bars: readonly IPlacedBar[];
  readonly links: readonly IGanttLink[];
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  readonly lines: readonly IGanttLine[];
  readonly legend: readonly ILegendItem[];
}

/** What a part of a chart is called. */
export function sectionName(kind: IGanttBar['kind'], trans: ITranslation): string {
  return { planned: trans.__('Plan'), actual: trans.__('Actual'), baseline: trans.__('Baseline') }[kind];
}

/** What became of work, or where it stands. */
export function barStateWords(state: NonNullable<IGanttBar['state']>, trans: ITranslation): string {
  return {
    starting: trans.__('starting'),
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    oom: trans.__('out of memory'),
    lost: trans.__('lost'),
    stopped: trans.__('stopped'),
    left: trans.__('goes on otherwise')
  }[state];
}
