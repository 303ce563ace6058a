/** Numbers may differ by this share: rounding of sums, no more. */
export const TOLERANCE = 1e-9;

/** What rounding may do to a number of this size. */
export function slack(value: number): number {
  return TOLERANCE * Math.abs(value);
}
