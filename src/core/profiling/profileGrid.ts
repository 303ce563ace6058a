import { derived } from '../model/derived.js';
import { feasibleKinds, type IDeviceKind } from '../model/deviceModels.js';
import { cellKey, devicesPerNode } from '../model/strategy.js';
import type { Cluster, Feasibility, Inspection, Strategy, TaskState } from '../wire/messages.js';
import { deviceMemory } from './deviceMemory.js';
import { FailedTrials, type ITried } from './failedTrials.js';

/** An entry of the profile that could be measured; one task stands for all tasks of its signature: one for which it did not fail. */
export interface IGridCell extends Pick<Feasibility, 'estimateBytes' | 'insteadOf'> {
  readonly task: string;
  readonly signature: string;
  readonly strategy: Strategy;
  /** Of the devices it would be measured on; absent where they have none. */
  readonly model?: string;
  /** What each of these devices has at best. */
  readonly memoryBytes: number;
  /** For how many tasks its trial failed, as long as another is left for which it may work: this one. */
  readonly failures?: number;
}

/** What the whole profile is made of. */
export interface IGridOptions {
  /** Whose devices there are to measure on. */
  readonly cluster: Cluster;
  readonly excludeTechniques?: readonly string[];
  /** What failed so far. */
  readonly failed?: FailedTrials;
}

interface ICandidate extends ITried {
  readonly name: string;
}

/**
 * Every strategy that inspection found feasible, once for each performance signature and each kind of devices that has
 * enough of them: learning rate, seed and epochs are not part of a signature, so a grid over them costs nothing.
 */
export function profileGrid(
  tasks: readonly TaskState[],
  { cluster, excludeTechniques = [], failed = new FailedTrials([]) }: IGridOptions
): IGridCell[] {
  const excluded = new Set(excludeTechniques);
  const grid = new Map<string, IPlace>();
  for (const { signature, feasibility, candidates } of kindsOf(tasks)) {
    for (const verdict of feasibility.filter(({ strategy }) => !excluded.has(strategy.technique))) {
      for (const kind of feasibleKinds(cluster, verdict)) {
        const key = cellKey(signature, verdict.strategy, kind.model);
        const place = grid.get(key);
        const before = place?.candidates ?? [];
        grid.set(key, {
          verdict: place?.verdict ?? verdict,
          signature,
          kind,
          candidates: before.length === 0 ? candidates : [...before, ...candidates]
        });
      }
    }
  }
  return [...grid.values()].map(({ verdict, signature, kind: { model, nodes }, candidates }) => {
    const { strategy, estimateBytes, insteadOf } = verdict;
    const next = failed.next(candidates, strategy, model);
    const failures = failed.count(signature, strategy, model);
    return {
      task: (next ?? candidates[0]!).name,
      signature,
      strategy,
      ...(model !== undefined && { model }),
      memoryBytes: deviceMemory(devicesPerNode(strategy), nodes),
      ...(estimateBytes !== undefined && { estimateBytes }),
      ...(insteadOf && { insteadOf }),
      ...(next && failures > 0 && { failures })
    };
  });
}

/** A strategy on devices of a kind, and the tasks of a signature that may try it. */
interface IPlace {
  readonly verdict: Feasibility;
  readonly signature: string;
  readonly kind: IDeviceKind;
  readonly candidates: ICandidate[];
}

/** Tasks of which inspection found the same. */
interface IKind {
  readonly signature: string;
  readonly feasibility: readonly Feasibility[];
  readonly candidates: ICandidate[];
}

/** One text per signature and what inspection found feasible of it. */
export const kindKey = derived(({ signature, feasibility }: Inspection) =>
  JSON.stringify([signature, feasibility])
);

function kindsOf(tasks: readonly TaskState[]): Iterable<IKind> {
  const kinds = new Map<string, IKind>();
  for (const { spec, inspection } of tasks) {
    if (inspection) {
      const { signature, feasibility } = inspection;
      const key = kindKey(inspection);
      const kind = kinds.get(key) ?? { signature, feasibility, candidates: [] };
      kind.candidates.push({ name: spec.name, hash: spec.hash, signature });
      kinds.set(key, kind);
    }
  }
  return kinds.values();
}
