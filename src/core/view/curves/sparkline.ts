import { pathOf, thinToPixels } from './pixelThinning.js';
import { extent } from './valueAxis.js';

/** Kept free on every side, in pixels: lines are as thick as that, and their ends are round. */
const MARGIN = 1.5;

const BARS = '▁▂▃▄▅▆▇█';

/**
 * A small curve without axes as the `d` of an SVG path, from its least value at the bottom to its greatest at the top; empty
 * when there is no number. To be drawn without a fill, with round ends.
 *
 * @param width - of the picture, in pixels, as is the height.
 * @param places - where the values are, rising; evenly spread when absent.
 */
export function sparklinePath(
  values: readonly (number | null)[],
  width: number,
  height: number,
  places?: readonly number[]
): string {
  const [low, high] = extent(values);
  const [first, last] = places ? [places[0] ?? 0, places.at(-1) ?? 0] : [0, values.length - 1];
  const x = (i: number): number =>
    last > first
      ? MARGIN + (((places?.[i] ?? i) - first) / (last - first)) * (width - 2 * MARGIN)
      : width / 2;
  const y = (value: number): number =>
    high > low ? height - MARGIN - ((value - low) / (high - low)) * (height - 2 * MARGIN) : height / 2;
  return pathOf(
    thinToPixels(
      values.map((value, i) => (value === null || !Number.isFinite(value) ? null : { x: x(i), y: y(value) }))
    )
  );
}

/** The same in one line of text of at most so many characters. */
export function sparklineText(values: readonly (number | null)[], width: number): string {
  const size = Math.min(width, values.length);
  const means = Array.from({ length: size }, (_, i) => {
    const part = values
      .slice(Math.floor((i * values.length) / size), Math.floor(((i + 1) * values.length) / size))
      .filter(value => value !== null && Number.isFinite(value)) as number[];
    return part.length > 0 ? part.reduce((sum, value) => sum + value, 0) / part.length : null;
  });
  const [low, high] = extent(means);
  return means
    .map(value =>
      value === null
        ? ' '
        : (BARS[high > low ? Math.round(((value - low) / (high - low)) * (BARS.length - 1)) : 0] as string)
    )
    .join('');
}
