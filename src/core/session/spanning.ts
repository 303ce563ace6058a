import { mostTogether } from '../model/strategy.js';
import type { Feasibility, SessionState } from '../wire/messages.js';
import { BUILT_IN_TECHNIQUES } from '../wire/techniqueCatalogue.js';
import { plannedCluster } from './plannedCluster.js';

/** Over how many nodes how many devices of each may be used, the devices of most nodes first. */
interface ISpread {
  readonly nodes: number;
  readonly devices: number;
}

/**
 * What may be tried over several nodes, of what inspection found feasible on so many devices: on more than any one node has,
 * over as few nodes as have them. Nothing unless the user has asked for it.
 */
export function overNodes(feasibility: readonly Feasibility[], state: SessionState): Feasibility[] {
  if (state.wishes?.span === undefined) {
    return [];
  }
  return feasibility.flatMap(verdict => {
    const { strategy, feasible, insteadOf, kind } = verdict;
    const sizes = plannedCluster(state)
      .nodes.filter(({ devices }) => kind === undefined || devices[0]?.kind === kind)
      .map(({ devices }) => mostTogether(devices));
    const largest = Math.max(0, ...sizes);
    const spread = spreadsOf(sizes, state).find(
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
 * The largest number of devices that a task may use over several nodes; 0 unless the user has asked for it.
 *
 * @param sizes - of each node, how many of its devices can be used together.
 */
export function mostOverNodes(sizes: readonly number[], state: Pick<SessionState, 'wishes'>): number {
  return Math.max(0, ...spreadsOf(sizes, state).map(({ nodes, devices }) => nodes * devices));
}

function spreadsOf(sizes: readonly number[], { wishes }: Pick<SessionState, 'wishes'>): ISpread[] {
  return [...sizes]
    .sort((a, b) => b - a)
    .slice(0, wishes?.span ?? 1)
    .map((devices, index) => ({ nodes: index + 1, devices }))
    .slice(1);
}
