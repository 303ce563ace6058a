import type { ITranslation } from '../../model/translation.js';
import { barTexts } from './ganttBarText.js';
import type {
  IGanttAbsence,
  IGanttBar,
  IGanttLink,
  ILane,
  IPlacedAbsence,
  IPlacedBar,
  IPlacedText,
  IRect,
  ITimeSpan
} from './ganttModel.js';

const LEAST_BAR = 2;
/** Overhead narrower than this is not drawn. */
const LEAST_LEAD = 1.5;

/** Where bars are placed. */
export interface IBarSpace {
  readonly lanes: readonly ILane[];
  readonly scale: (seconds: number) => number;
  readonly window: ITimeSpan;
  readonly trans: ITranslation;
}

/** Bars on the lanes of their devices; those that are out of sight are left out. */
export function placeBars(
  bars: readonly IGanttBar[],
  { lanes, scale, window, trans }: IBarSpace
): IPlacedBar[] {
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

/** From each bar to that with which its task goes on. */
export function placeLinks(bars: readonly IPlacedBar[]): IGanttLink[] {
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
export function placeAbsences(
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
