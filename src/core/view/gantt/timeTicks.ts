import type { ITranslation } from '../../model/translation.js';
import { duration } from '../format/format.js';

/** A mark on the time axis. */
export interface ITick {
  /** Seconds. */
  readonly value: number;
  readonly label: string;
}

/** Shortest time axis, in seconds. */
export const SHORTEST_AXIS = 0.001;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map(n => n * MINUTE),
  ...[1, 2, 3, 6, 12].map(n => n * HOUR),
  ...[1, 2, 7].map(n => n * DAY)
];

/** Smallest step a clock reader would choose that is at least `least` seconds. */
function clockStep(least: number): number {
  const step = STEPS.find(candidate => candidate >= least);
  if (step !== undefined && least > 0.5) {
    return step;
  }
  const unit = least > 0.5 ? 7 * DAY : 1;
  const power = 10 ** Math.floor(Math.log10(least / unit));
  const factor = [1, 2, 5, 10].find(n => n * power * unit >= least * (1 - 1e-9)) ?? 10;
  return factor * power * unit;
}

/**
 * Ticks from 0 to `end` seconds in steps of whole seconds, minutes, hours or days.
 *
 * @param end - at least {@link SHORTEST_AXIS}.
 * @param most - how many intervals fit at most.
 */
export function timeTicks(end: number, most: number, trans: ITranslation): ITick[] {
  const step = clockStep(end / Math.max(1, Math.floor(most)));
  const ticks: ITick[] = [];
  for (let i = 0; i * step <= end * (1 + 1e-9); i++) {
    const value = i * step;
    ticks.push({ value, label: value === 0 ? '0' : duration(value, trans) });
  }
  return ticks;
}
