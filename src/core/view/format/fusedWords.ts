import { derived } from '../../model/derived.js';
import type { ITranslation } from '../../model/translation.js';
import type { Attempt, TaskState } from '../../wire/messages.js';
import { count } from './format.js';

const sizes = derived((tasks: readonly TaskState[]) => {
  const found = new Map<string, number>();
  for (const { fusion } of tasks.flatMap(({ attempts }) => attempts)) {
    if (fusion !== undefined) {
      found.set(fusion, (found.get(fusion) ?? 0) + 1);
    }
  }
  return found;
});

/** How many other tasks were in the run that an attempt was a part of. */
export function othersIn(tasks: readonly TaskState[], { fusion }: Pick<Attempt, 'fusion'>): number {
  return fusion === undefined ? 0 : Math.max(0, (sizes(tasks).get(fusion) ?? 1) - 1);
}

/** `fused with 7 others`; undefined of a task that trains alone. */
export function fusedWords(others: number, trans: ITranslation): string | undefined {
  return others === 0
    ? undefined
    : trans._n('fused with %2 other', 'fused with %2 others', others, count(others));
}
