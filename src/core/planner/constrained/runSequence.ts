import type { IRun } from './runTable.js';
import type { IStartedJob } from './weightedBound.js';

/**
 * What the search over coupled jobs changes: one order of all runs, in which each takes the devices it needs as soon
 * as they are free, it may start, and not too many others go on. Replaying any plan in the order of its starts never
 * starts a run later, so that some sequence gives an optimal plan, but for the choice among unlike devices of a node.
 */
export interface IRunSequence {
  /** Every run, also those that take no part. */
  order: number[];
  /** Per run, index into its configurations, or `KEPT`. */
  config: number[];
  /** Per run, the nodes it uses; where empty, those on which it can start first. */
  nodes: number[][];
  /** Per run, whether it takes part: each job by itself or in one fused run. */
  active: boolean[];
}

/** A copy that shares nothing that is changed in place. */
export function copySequence({ order, config, nodes, active }: IRunSequence): IRunSequence {
  return { order: [...order], config: [...config], nodes: [...nodes], active: [...active] };
}

/** Let a run take part or, if it is fused, its jobs run by themselves again. */
export function setActive(runs: IRun[], { active }: IRunSequence, run: number, on: boolean): void {
  if (!on) {
    separate(runs, active, run);
    return;
  }
  for (const rival of runs[run]!.rivals) {
    if (active[rival] && runs[rival]!.fusion !== undefined) {
      separate(runs, active, rival);
    }
  }
  for (const rival of runs[run]!.rivals) {
    active[rival] = false;
  }
  active[run] = true;
}

function separate(runs: IRun[], active: boolean[], run: number): void {
  active[run] = false;
  for (const job of runs[run]!.jobs) {
    active[job] = true;
  }
}

/** Jobs in the order in which they would begin; those that would share a run go by themselves. */
export function sequenceBegun(runs: IRun[], begun: IStartedJob[]): IRunSequence {
  const sequence: IRunSequence = {
    order: [...begun].sort((a, b) => a.begin - b.begin).map(({ job }) => job),
    config: runs.map(() => 0),
    nodes: runs.map(() => []),
    active: runs.map(({ fusion }) => fusion === undefined)
  };
  for (const { job, way } of begun) {
    sequence.config[job] = way.run === job ? way.config : 0;
  }
  sequence.order.push(...[...runs.keys()].slice(begun.length));
  return sequence;
}
