/**
 * Values smoothed: each is an average of itself and those before, which count the less the older they are. The first ones
 * are not drawn towards zero (bias correction). What is no number stays so, and does not count.
 *
 * @param weight - of what came before, from 0 (nothing is smoothed) to below 1.
 */
export function exponentialAverage(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) {
    return [...values];
  }
  const kept = Math.min(weight, 0.9999);
  let sum = 0;
  let bias = 1;
  return values.map(value => {
    if (value === null || !Number.isFinite(value)) {
      return null;
    }
    sum = kept * sum + (1 - kept) * value;
    bias *= kept;
    return sum / (1 - bias);
  });
}
