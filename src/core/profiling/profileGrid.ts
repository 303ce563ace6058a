import { derived } from '../model/derived.js';
import { cellKey } from '../model/strategy.js';
import type { Feasibility, Inspection, Strategy, TaskState } from '../wire/messages.js';
import { FailedTrials, type ITried } from './failedTrials.js';

/** An entry of the profile that could be measured; one task stands for all tasks of its signature: one for which it did not fail. */
export interface IGridCell extends Pick<Feasibility, 'estimateBytes' | 'insteadOf'> {
  readonly task: string;
  readonly signature: string;
  readonly strategy: Strategy;
  /** For how many tasks its trial failed, as long as another is left for which it may work: this one. */
  readonly failures?: number;
}

/** What the whole profile is made of. */
export interface IGridOptions {
  /** Devices of the largest node; any number when absent. */
  readonly maxDevices?: number;
  readonly excludeTechniques?: readonly string[];
  /** What failed so far. */
  readonly failed?: FailedTrials;
}

interface ICandidate extends ITried {
  readonly name: string;
}

/**
 * Every strategy that inspection found feasible, once for each performance signature: learning rate, seed and epochs
 * are not part of it, so a grid over them costs nothing.
 */
export function profileGrid(
  tasks: readonly TaskState[],
  { maxDevices = Infinity, excludeTechniques = [], failed = new FailedTrials([]) }: IGridOptions
): IGridCell[] {
  const excluded = new Set(excludeTechniques);
  const grid = new Map<string, { verdict: Feasibility; signature: string; candidates: ICandidate[] }>();
  for (const { signature, feasibility, candidates } of kindsOf(tasks)) {
    for (const verdict of feasibility) {
      const { strategy, feasible } = verdict;
      if (feasible && strategy.devices <= maxDevices && !excluded.has(strategy.technique)) {
        const key = cellKey(signature, strategy);
        const place = grid.get(key);
        const before = place?.candidates ?? [];
        grid.set(key, {
          verdict: place?.verdict ?? verdict,
          signature,
          candidates: before.length === 0 ? candidates : [...before, ...candidates]
        });
      }
    }
  }
  return [...grid.values()].map(({ verdict, signature, candidates }) => {
    const { strategy, estimateBytes, insteadOf } = verdict;
    const next = failed.next(candidates, strategy);
    const failures = failed.count(signature, strategy);
    return {
      task: (next ?? candidates[0]!).name,
      signature,
      strategy,
      ...(estimateBytes !== undefined && { estimateBytes }),
      ...(insteadOf && { insteadOf }),
      ...(next && failures > 0 && { failures })
    };
  });
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
