import type { ITimeSpan } from './ganttModel.js';

/** At most so many times as large as all: what is shorter than that nobody can tell apart. */
const MOST_ZOOM = 10_000;

/** Room left beside what is to be seen, as a share of it. */
const MARGIN = 0.05;

/**
 * What is seen of a chart that ends at `end`: null is all of it, also of what is still to come.
 */
export type TimeWindow = ITimeSpan | null;

/** The span that a window stands for, within a chart. */
export function spanOf(window: TimeWindow, end: number): ITimeSpan {
  return window ? (clamped(window, end) ?? { from: 0, to: end }) : { from: 0, to: end };
}

/**
 * Larger or smaller, so that one moment stays where it is.
 *
 * @param factor - how many times as long a time is seen: less than 1 is nearer.
 * @param at - the moment, in seconds; the middle when absent.
 */
export function zoomed(window: TimeWindow, end: number, factor: number, at?: number): TimeWindow {
  const { from, to } = spanOf(window, end);
  const length = Math.min(Math.max((to - from) * factor, end / MOST_ZOOM), end);
  const fixed = Math.min(Math.max(at ?? (from + to) / 2, from), to);
  const share = to > from ? (fixed - from) / (to - from) : 0.5;
  const start = fixed - share * length;
  return clamped({ from: start, to: start + length }, end);
}

/** Earlier or later by some seconds, as far as there is anything. */
export function panned(window: TimeWindow, end: number, by: number): TimeWindow {
  const { from, to } = spanOf(window, end);
  return clamped({ from: from + by, to: to + by }, end);
}

/** Moved as little as shows a span, or its beginning when it is longer than what is seen. */
export function revealed(window: TimeWindow, end: number, { from, to }: ITimeSpan): TimeWindow {
  const seen = spanOf(window, end);
  if (to <= seen.to && from >= seen.from) {
    return window;
  }
  const isLonger = to - from > seen.to - seen.from;
  return panned(window, end, from < seen.from || isLonger ? from - seen.from : to - seen.to);
}

/** The window that shows some spans and little else. */
export function spanning(spans: readonly ITimeSpan[], end: number): TimeWindow {
  if (spans.length === 0) {
    return null;
  }
  const from = Math.min(...spans.map(span => span.from));
  const to = Math.max(...spans.map(span => span.to));
  const margin = Math.max(MARGIN * (to - from), end / MOST_ZOOM);
  return clamped({ from: from - margin, to: to + margin }, end);
}

/** Within the chart, of the same length; null when that is all. */
function clamped({ from, to }: ITimeSpan, end: number): TimeWindow {
  const length = to - from;
  if (!(length < end * (1 - 1e-9))) {
    return null;
  }
  const start = Math.min(Math.max(0, from), end - length);
  return { from: start, to: start + length };
}
