import { derived } from '../model/derived.js';
import type { ProfileCell } from '../wire/messages.js';

/** What there is of each signature, in the order given. */
export function groupBySignature<T extends { readonly signature: string }>(
  cells: readonly T[]
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const cell of cells) {
    const group = groups.get(cell.signature);
    if (group) {
      group.push(cell);
    } else {
      groups.set(cell.signature, [cell]);
    }
  }
  return groups;
}

const groups = derived((cells: readonly ProfileCell[]) => groupBySignature(cells));

/** The cells of one signature, in their order. */
export function cellsOf(cells: readonly ProfileCell[], signature: string): readonly ProfileCell[] {
  return groups(cells).get(signature) ?? [];
}
