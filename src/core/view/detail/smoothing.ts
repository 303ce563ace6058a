/**
 * Values as an exponential moving average that does not begin at 0: each is the mean of those up to it, of which the one
 * before counts `weight` times as much. What is not a number stays so, and counts for nothing.
 *
 * @param weight - between 0 and 1, exclusively.
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let share = 0;
  return values.map(value => {
    if (value === null) {
      return null;
    }
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return sum / share;
  });
}
