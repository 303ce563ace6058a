import { mostWithOthers } from '../model/strategy.js';
import type { Cluster, Feasibility, SessionState } from '../wire/messages.js';
import { BUILT_IN_TECHNIQUES } from '../wire/techniqueCatalogue.js';

/** Over how many nodes how many devices of each may be used, the devices of most nodes first. */
interface ISpread {
  readonly nodes: number;
  readonly devices: number;
}

/**
 * Over how many nodes a task may train at most, as the user wishes it. Ranks of one task save into one folder, which a node that
 * does not share it lacks.
 */
export function widestSpan({ wishes, bridge }: Pick<SessionState, 'wishes' | 'bridge'>): number {
  const isShared = bridge?.nodes.every(({ carries = false }) => !carries) ?? true;
  return isShared ? (wishes?.span ?? 1) : 1;
}

/**
 * What may be tried over several nodes, of what inspection found feasible on so many devices: on more than any one node has,
 * over as few nodes as have them.
 *
 * @param span - over how many nodes a task may train at most.
 */
export function overNodes(
  feasibility: readonly Feasibility[],
  cluster: Cluster,
  span: number
): Feasibility[] {
  if (span < 2) {
    return [];
  }
  return feasibility.flatMap(verdict => {
    const { strategy, feasible, insteadOf, kind } = verdict;
    const sizes = cluster.nodes
      .filter(({ devices }) => kind === undefined || devices[0]?.kind === kind)
      .map(({ devices }) => mostWithOthers(devices));
    const largest = Math.max(0, ...sizes);
    const spread = spreadsOf(sizes, span).find(
      ({ nodes, devices }) => strategy.devices % nodes === 0 && strategy.devices / nodes <= devices
    );
    const spans = BUILT_IN_TECHNIQUES.get(strategy.technique)?.spans ?? false;
    if (!feasible || !spread || !spans || strategy.devices <= largest) {
      return [];
    }
    const { nodes } = spread;
    return [
      {
        ...verdict,
        strategy: { ...strategy, nodes },
        ...(insteadOf && { insteadOf: { ...insteadOf, nodes } })
      }
    ];
  });
}

/**
 * The largest number of devices that a task may use over several nodes; 0 where it may use those of one only.
 *
 * @param sizes - of each node, how many of its devices can be used with others.
 * @param span - as of {@link overNodes}.
 */
export function mostOverNodes(sizes: readonly number[], span: number): number {
  return Math.max(0, ...spreadsOf(sizes, span).map(({ nodes, devices }) => nodes * devices));
}

function spreadsOf(sizes: readonly number[], span: number): ISpread[] {
  return [...sizes]
    .sort((a, b) => b - a)
    .slice(0, span)
    .map((devices, index) => ({ nodes: index + 1, devices }))
    .slice(1);
}
