import {
  type IGanttBar,
  type IGanttInput,
  type IGanttLayout,
  type IGanttMove,
  SECTIONS,
  stepped
} from '../../core/view/gantt/gantt.js';

/** What a user did to a bar: moved it, held it to its strategy, or let it go. */
export type GanttEdit =
  | { readonly kind: 'move'; readonly bar: IGanttBar; readonly move: IGanttMove }
  | { readonly kind: 'strategy' | 'release'; readonly bar: IGanttBar };

/** A move that changes nothing. */
const STILL: IGanttMove = { rows: null, start: null };

/**
 * What a key does to a bar that can be moved: arrows with Shift move it, Enter holds it to its strategy, Delete lets
 * it go. Null for other keys and other bars.
 */
export function editByKey(layout: IGanttLayout, id: string, event: KeyboardEvent): GanttEdit | null {
  const placed = layout.bars.find(({ bar }) => bar.id === id);
  if (!placed?.bar.movable) {
    return null;
  }
  const { bar } = placed;
  if (event.shiftKey && event.key.startsWith('Arrow')) {
    return { kind: 'move', bar, move: stepped(layout, placed, event.key) ?? STILL };
  }
  if (event.key === 'Enter') {
    return { kind: 'strategy', bar };
  }
  return event.key === 'Delete' || event.key === 'Backspace' ? { kind: 'release', bar } : null;
}

/**
 * The bar a key leads to: left and right along the same devices, up and down to the bar nearest in time
 * on the next devices, Home and End to the first and last of all. Null for other keys and at the edge.
 */
export function neighbour(input: IGanttInput, from: string, key: string): string | null {
  const current = input.bars.find(bar => bar.id === from);
  if (!current) {
    return null;
  }
  const place = placeOf(input);
  const ordered = [...input.bars].sort((a, b) => a.start - b.start || place(a) - place(b));
  switch (key) {
    case 'Home':
      return ordered[0]?.id ?? null;
    case 'End':
      return ordered.at(-1)?.id ?? null;
    case 'ArrowLeft':
    case 'ArrowRight': {
      const lane = ordered.filter(bar => bar.kind === current.kind && bar.rows.some(inRowsOf(current)));
      const step = key === 'ArrowRight' ? 1 : -1;
      return lane[lane.indexOf(current) + step]?.id ?? null;
    }
    case 'ArrowUp':
    case 'ArrowDown': {
      const step = key === 'ArrowDown' ? 1 : -1;
      const beyond = ordered.filter(bar => (place(bar) - place(current)) * step > 0);
      const nearestLane = Math.min(...beyond.map(bar => Math.abs(place(bar) - place(current))));
      return (
        beyond
          .filter(bar => Math.abs(place(bar) - place(current)) === nearestLane)
          .sort((a, b) => distance(a, current) - distance(b, current))[0]?.id ?? null
      );
    }
    default:
      return null;
  }
}

const inRowsOf = (bar: IGanttBar) => (row: string) => bar.rows.includes(row);

/** Number of the topmost lane of a bar: the plan's lanes come first, then what happened, then a baseline's. */
function placeOf(input: IGanttInput): (bar: IGanttBar) => number {
  const index = new Map(input.rows.map((row, i) => [row.key, i]));
  return bar =>
    Math.min(...bar.rows.map(row => index.get(row) ?? 0)) + SECTIONS.indexOf(bar.kind) * input.rows.length;
}

/** Seconds between two bars; negative by as much as they overlap. */
function distance(a: IGanttBar, b: IGanttBar): number {
  return Math.max(a.start, b.start) - Math.min(a.end, b.end);
}
