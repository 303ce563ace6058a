import type { ITranslation } from '../../model/translation.js';

/** Why something is not possible with so many devices. */
export interface ICountedReason {
  readonly devices: number;
  readonly reason: string;
}

/** Stands for the number of devices where a reason names it. */
const NUMBER = '\0';

/**
 * Reasons of one technique, each said once: `too few blocks for 2 stages`, `for 3 stages`... are one, of `2 to 8 stages`.
 *
 * @returns for each of the given its reason as it is to be said.
 */
export function countedReasons(given: readonly ICountedReason[], trans: ITranslation): string[] {
  const templates = given.map(({ devices, reason }) =>
    reason.replace(new RegExp(`(?<![\\d.,])${devices}(?![\\d]|[.,]\\d)`, 'g'), NUMBER)
  );
  const counts = new Map<string, number[]>();
  given.forEach(({ devices }, i) => {
    const template = templates[i] as string;
    counts.set(
      template,
      [...new Set([...(counts.get(template) ?? []), devices])].sort((a, b) => a - b)
    );
  });
  return given.map(({ reason }, i) => {
    const template = templates[i] as string;
    const numbers = counts.get(template) as number[];
    return numbers.length > 1 ? template.replaceAll(NUMBER, numberRange(numbers, trans)) : reason;
  });
}

/** `2`, `2 or 4`, `2 to 8`: rising numbers. */
export function numberRange(numbers: readonly number[], trans: ITranslation): string {
  const first = numbers[0] as number;
  const last = numbers.at(-1) as number;
  if (numbers.length < 2) {
    return String(last);
  }
  return numbers.length > 2 && last - first === numbers.length - 1
    ? trans.__('%1 to %2', first, last)
    : trans.__('%1 or %2', numbers.slice(0, -1).join(', '), last);
}
