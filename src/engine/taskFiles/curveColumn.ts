/** Room for so many at the beginning. */
export const FIRST_BUCKETS = 64;

/** What the steps of each bucket have of one metric. */
export class Column {
  low = new Float32Array(FIRST_BUCKETS);
  high = new Float32Array(FIRST_BUCKETS);
  mean = new Float64Array(FIRST_BUCKETS);
  /** How many of them have a number. */
  count = new Uint32Array(FIRST_BUCKETS);
  /** How many of them have the metric, be it a number or not. */
  seen = new Uint32Array(FIRST_BUCKETS);
}

export function put(column: Column, row: number, value: number): void {
  column.seen[row] = (column.seen[row] as number) + 1;
  if (!Number.isFinite(Math.fround(value))) {
    return;
  }
  const count = (column.count[row] as number) + 1;
  column.count[row] = count;
  if (count === 1) {
    column.low[row] = value;
    column.high[row] = value;
    column.mean[row] = value;
    return;
  }
  column.low[row] = Math.min(column.low[row] as number, value);
  column.high[row] = Math.max(column.high[row] as number, value);
  const mean = column.mean[row] as number;
  column.mean[row] = mean + (value - mean) / count;
}

export function mergeCells(column: Column, row: number, left: number, right: number): void {
  const [a, b] = [column.count[left] as number, left === right ? 0 : (column.count[right] as number)];
  const seen = (column.seen[left] as number) + (left === right ? 0 : (column.seen[right] as number));
  const of = a > 0 ? left : right;
  const [low, high, mean] = [column.low[of], column.high[of], column.mean[of]] as [number, number, number];
  const both = a > 0 && b > 0;
  column.low[row] = both ? Math.min(low, column.low[right] as number) : low;
  column.high[row] = both ? Math.max(high, column.high[right] as number) : high;
  column.mean[row] = both ? mean + (((column.mean[right] as number) - mean) * b) / (a + b) : mean;
  column.count[row] = a + b;
  column.seen[row] = seen;
}

export function growColumn(column: Column, size: number): void {
  column.low = grown(column.low, size);
  column.high = grown(column.high, size);
  column.mean = grown(column.mean, size);
  column.count = grown(column.count, size);
  column.seen = grown(column.seen, size);
}

export function grown<T extends Float32Array | Float64Array | Uint32Array>(array: T, size: number): T {
  if (array.length >= size) {
    return array;
  }
  const larger = new (array.constructor as new (size: number) => T)(size);
  larger.set(array);
  return larger;
}
