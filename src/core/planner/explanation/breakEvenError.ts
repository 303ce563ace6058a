/** Errors beyond this share are not looked at: nothing measured is that wrong. */
const LARGEST_ERROR = 4;

/** Halvings of the interval in which the error lies. */
const HALVINGS = 12;

/**
 * The error from which on a choice loses against another.
 *
 * @param loses - whether it does with a step time longer by this share; once it does, larger errors do too.
 * @returns a share of the step time, or undefined when no error up to 400 % matters.
 */
export function breakEvenError(loses: (error: number) => boolean): number | undefined {
  if (!loses(LARGEST_ERROR)) {
    return undefined;
  }
  let low = 0;
  let high = LARGEST_ERROR;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (loses(middle)) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return low;
}
