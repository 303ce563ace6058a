import type { IGanttInput } from './ganttModel.js';
import { colourOf } from './palette.js';

/** Size of a minimap, in units of its own: it is stretched to whatever room there is. */
export const MINIMAP = { width: 1000, height: 24 };

/** What is planned is above what happened. */
const PARTS = { planned: { top: 1, height: 10 }, actual: { top: 13, height: 10 } };

/** All bars of a colour in one of the parts, as one shape. */
export interface IMinimapShape {
  readonly kind: keyof typeof PARTS;
  readonly fill: string;
  /** An SVG path. */
  readonly path: string;
}

/**
 * A chart at a glance: its bars without names, in as few shapes as there are colours.
 *
 * @param end - when the chart ends, in seconds.
 */
export function minimapShapes(input: IGanttInput, end: number): IMinimapShape[] {
  const places = new Map(input.rows.map(({ key }, i) => [key, i]));
  const parts = new Map<string, string[]>();
  const x = (seconds: number): number => Math.round((Math.min(seconds, end) / end) * MINIMAP.width * 10) / 10;
  for (const { kind, colour, rows, start, end: last } of input.bars) {
    if (kind === 'baseline') {
      continue;
    }
    const { top, height } = PARTS[kind];
    const lane = height / input.rows.length;
    const key = `${kind} ${colourOf(colour).fill}`;
    const path = parts.get(key) ?? [];
    parts.set(key, path);
    const [left, right] = [x(start), Math.max(x(last), x(start) + 1)];
    for (const row of rows) {
      const y = Math.round((top + (places.get(row) ?? 0) * lane) * 100) / 100;
      path.push(`M${left} ${y}H${right}v${Math.round(lane * 80) / 100}H${left}z`);
    }
  }
  return [...parts].map(([key, path]) => {
    const [kind, fill] = key.split(' ') as [keyof typeof PARTS, string];
    return { kind, fill, path: path.join('') };
  });
}
