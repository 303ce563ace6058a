import type { ITranslation } from '../../model/translation.js';
import { count } from '../format/format.js';
import type { IGanttEvent, IPlacedEvent } from './ganttModel.js';

/** Marks closer than this would lie on one another, in pixels. */
const APART = 20;

/** So many of those that have no mark of their own are told of by the one in their place. */
const TOLD = 3;

/**
 * The moments that are marked above a chart. Of those that are close together the last has the mark, and tells of the others:
 * there is more of them to see when the chart is wider, or looked at closely.
 *
 * @param events - by rising time.
 */
export function placeEvents(
  events: readonly IGanttEvent[],
  scale: (seconds: number) => number,
  trans: ITranslation
): IPlacedEvent[] {
  const groups: IGanttEvent[][] = [];
  let taken = Infinity;
  // From the last on, which says how things are now.
  for (const event of [...events].reverse()) {
    const x = scale(event.seconds);
    if (taken - x < APART) {
      groups.at(-1)?.push(event);
    } else {
      groups.push([event]);
      taken = x;
    }
  }
  return groups.reverse().map(([event, ...hidden]) => {
    const last = event as IGanttEvent;
    return { event: { ...last, detail: withHidden(last.detail, hidden, trans) }, x: scale(last.seconds) };
  });
}

function withHidden(detail: string, hidden: readonly IGanttEvent[], trans: ITranslation): string {
  const more = hidden.length - TOLD;
  return [
    detail,
    ...hidden.slice(0, TOLD).map(event => event.detail),
    ...(more > 0 ? [trans._n('and %2 more before', 'and %2 more before', more, count(more))] : [])
  ].join('\n');
}
