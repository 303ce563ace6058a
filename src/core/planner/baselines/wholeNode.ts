import type { Config } from '../problem/pareto.js';
import type { Ground } from './listSchedule.js';

/** Gives jobs whole nodes, one job after another on each. */
export class WholeNodes {
  /** Per node, when all of it is free. */
  private readonly ready: number[];

  constructor(private readonly ground: Ground) {
    this.ready = ground.free.map((_, node) => ground.readyAt(node));
  }

  /**
   * Place a job on the node where it would be done first.
   *
   * @param configOn - how it would run on a node, if it can.
   */
  place(job: number, configOn: (node: number) => Config | undefined): void {
    let best: { node: number; config: Config; end: number } | undefined;
    let config: Config | undefined;
    let likeness: number | undefined;
    for (const [node, ready] of this.ready.entries()) {
      const own = this.ground.likeness(job, node);
      if (own !== likeness) {
        likeness = own;
        config = configOn(node);
      }
      if (config !== undefined && (best === undefined || ready + config.seconds < best.end)) {
        best = { node, config, end: ready + config.seconds };
      }
    }
    this.ground.place(job, best!.config, best!.node, this.ready[best!.node]!);
    this.ready[best!.node] = best!.end;
  }
}
