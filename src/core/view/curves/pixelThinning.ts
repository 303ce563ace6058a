/** A point of a line, in pixels. */
export interface IPixel {
  readonly x: number;
  readonly y: number;
}

/**
 * A line as it looks the same when drawn: of the points that fall into one column of pixels, the first, the lowest, the
 * highest and the last. The line breaks where there is null.
 */
export function thinToPixels(points: readonly (IPixel | null)[]): (IPixel | null)[] {
  const kept: (IPixel | null)[] = [];
  let column: IPixel[] = [];
  const flush = (): void => {
    kept.push(...corners(column));
    column = [];
  };
  for (const point of points) {
    if (point === null || (column[0] && Math.floor(column[0].x) !== Math.floor(point.x))) {
      flush();
    }
    if (point) {
      column.push(point);
    } else if (kept.length > 0 && kept.at(-1) !== null) {
      kept.push(null);
    }
  }
  flush();
  return kept;
}

/** First, lowest, highest and last of some points, in their order. */
function corners(points: readonly IPixel[]): readonly IPixel[] {
  if (points.length <= 4) {
    return points;
  }
  let [low, high] = [0, 0];
  for (const [i, { y }] of points.entries()) {
    low = y < (points[low] as IPixel).y ? i : low;
    high = y > (points[high] as IPixel).y ? i : high;
  }
  return [...new Set([0, Math.min(low, high), Math.max(low, high), points.length - 1])].map(
    i => points[i] as IPixel
  );
}

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** The points as an SVG path; one that stands alone is a dot, if ends of lines are round. */
export function pathOf(points: readonly (IPixel | null)[]): string {
  let path = '';
  for (const [i, point] of points.entries()) {
    if (point) {
      const [before, after] = [points[i - 1] ?? null, points[i + 1] ?? null];
      path += `${before ? 'L' : 'M'}${n(point.x)} ${n(point.y)}${before || after ? '' : 'h0'}`;
    }
  }
  return path;
}
