import { pathOf, thinToPixels } from './pixelThinning.js';
import { extent } from './valueAxis.js';

/** Kept free on every side, in pixels: lines are as thick as that, and their ends are round. */
const MARGIN = 1.5;

const BARS = '▁▂▃▄▅▆▇█';

/**
 * A small curve without axes as the `d` of an SVG path, from its first to its last step and from its least to its greatest
 * value. It has gaps where there are no numbers; empty for fewer than two. To be drawn without a fill, with round ends.
 *
 * @param size - of the picture, in pixels.
 */
export function sparklinePath(
  steps: readonly number[],
  values: readonly (number | null)[],
  { width, height }: { readonly width: number; readonly height: number }
): string {
  const isNumber = (value: number | null): value is number => value !== null && Number.isFinite(value);
  if (values.filter(isNumber).length < 2) {
    return '';
  }
  const [low, high] = extent(values);
  const [first, last] = extent(steps);
  const x = (step: number): number => MARGIN + ((step - first) / (last - first || 1)) * (width - 2 * MARGIN);
  const y = (value: number): number =>
    high > low ? height - MARGIN - ((value - low) / (high - low)) * (height - 2 * MARGIN) : height / 2;
  const points = values.map((value, i) =>
    isNumber(value) ? { x: x(steps[i] ?? first), y: y(value) } : null
  );
  return pathOf(thinToPixels(points));
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
