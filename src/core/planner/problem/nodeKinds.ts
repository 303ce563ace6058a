import type { IEligibility } from './pareto.js';

/**
 * Tell nodes apart by the lists of nodes to which configurations are confined.
 *
 * @param count - how many nodes there are.
 * @returns for each node a number, equal for those that are in the same lists; the first is 0.
 */
export function kindsOfNodes(configs: readonly IEligibility[], count: number): number[] {
  // Most configurations share their lists: of these each is looked at once.
  const lists = new Set(configs.map(({ nodes }) => nodes));
  const keys = Array.from({ length: count }, () => '');
  for (const own of new Map([...lists].map(list => [list?.join(), new Set(list)])).values()) {
    for (let node = 0; node < count; node++) {
      keys[node] += own.has(node) ? '1' : '0';
    }
  }
  const kinds = new Map([...new Set(keys)].map((key, kind) => [key, kind]));
  return keys.map(key => kinds.get(key)!);
}
