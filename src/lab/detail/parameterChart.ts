import type { Brush, Brushes, IAxis } from '../../core/view/parameters/brushes.js';

/** What a chart of tasks over their parameters is drawn from, and what it tells. */
export interface IParameterChart {
  readonly axes: readonly IAxis[];
  /** Names of all tasks. */
  readonly tasks: readonly string[];
  /** Of these, those that the rules of their sweeps have given up: they are behind the others. */
  readonly givenUp: ReadonlySet<string>;
  readonly brushes: Brushes;
  /** Stretches of dimensions, by their id, are to be others; all of one when null. */
  readonly onBrush: (changes: readonly (readonly [id: string, brush: Brush | null])[]) => void;
}

/** Shortest drag that selects, as a share of an axis: less is a click, which selects all. */
export const LEAST_BRUSH = 0.01;

/** Room around the axes, in pixels. */
export const ROOM = { top: 30, bottom: 18, left: 56, right: 40 } as const;

/** A share of something, from 0 to 1. */
export function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}
