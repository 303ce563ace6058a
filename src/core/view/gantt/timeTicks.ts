import type { ITranslation } from '../../model/translation.js';
import { duration } from '../format/format.js';
import type { ITimeSpan } from './ganttModel.js';

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
 * Ticks within a time in steps of whole seconds, minutes, hours or days.
 *
 * @param span - at least {@link SHORTEST_AXIS} long.
 * @param most - how many intervals fit at most.
 */
export function timeTicks({ from, to }: ITimeSpan, most: number, trans: ITranslation): ITick[] {
  const length = to - from;
  const step = clockStep(length / Math.max(1, Math.floor(most)));
  const ticks: ITick[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * length; i++) {
    const value = i * step;
    ticks.push({ value, label: value === 0 ? '0' : tickLabel(value, step, trans) });
  }
  return ticks;
}

/** The time of a tick in as many digits as tell it from its neighbours: `2 h`, or `2:05:10`. */
function tickLabel(value: number, step: number, trans: ITranslation): string {
  if (step >= resolution(value)) {
    return duration(value, trans);
  }
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const two = (part: number): string => String(part).padStart(2, '0');
  const whole = Math.floor(value + 1e-9);
  const seconds = (value - MINUTE * Math.floor(whole / MINUTE)).toFixed(digits);
  if (value < MINUTE) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(whole / MINUTE) % MINUTE;
  const hours = Math.floor(whole / HOUR);
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${seconds.padStart(digits > 0 ? digits + 3 : 2, '0')}`;
}

/** Times so many seconds apart are told apart by their durations. */
function resolution(value: number): number {
  return value < 1 ? 0 : value < MINUTE ? 0.1 : value < HOUR ? 1 : value < DAY ? MINUTE : HOUR;
}
