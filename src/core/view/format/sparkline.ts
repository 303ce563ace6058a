/** Room for a line's own width at the edges of a sparkline, in pixels. */
const MARGIN = 1;

/**
 * Path data of a curve that has no axes: from the first to the last step, from its least to its greatest value. It has gaps
 * where there are no numbers; empty for fewer than two.
 *
 * @param size - in pixels.
 */
export function sparklinePath(
  steps: readonly number[],
  values: readonly (number | null)[],
  size: { readonly width: number; readonly height: number }
): string {
  const numbers = values.filter(value => value !== null && Number.isFinite(value)) as number[];
  if (numbers.length < 2) {
    return '';
  }
  const [first = 0, last = 0] = [steps[0], steps.at(-1)];
  const low = numbers.reduce((least, value) => Math.min(least, value), Infinity);
  const high = numbers.reduce((most, value) => Math.max(most, value), -Infinity);
  const x = (step: number): number =>
    MARGIN + ((step - first) / (last - first || 1)) * (size.width - 2 * MARGIN);
  const y = (value: number): number =>
    high > low ? MARGIN + ((high - value) / (high - low)) * (size.height - 2 * MARGIN) : size.height / 2;
  let isDrawing = false;
  return values
    .map((value, i) => {
      if (value === null || !Number.isFinite(value)) {
        isDrawing = false;
        return '';
      }
      const order = isDrawing ? 'L' : 'M';
      isDrawing = true;
      return `${order}${rounded(x(steps[i] ?? first))} ${rounded(y(value))}`;
    })
    .join('');
}

const rounded = (value: number): string => String(Math.round(value * 10) / 10);
