import type { IConfig } from '../problem/pareto.js';
import type { ListSchedule } from './listSchedule.js';

/** Gives jobs whole nodes, one job after another on each. */
export class WholeNodes {
  /** Per node, when all of it is free. */
  private readonly _ready: number[];

  constructor(private readonly _ground: ListSchedule) {
    this._ready = _ground.free.map((_, node) => _ground.readyAt(node));
  }

  /**
   * Place a job on the node where it would be done first.
   *
   * @param configOn - how it would run on a node, if it can.
   */
  place(job: number, configOn: (node: number) => IConfig | undefined): void {
    let best: { node: number; config: IConfig; end: number } | undefined;
    let config: IConfig | undefined;
    let likeness: number | undefined;
    for (const [node, ready] of this._ready.entries()) {
      const own = this._ground.likeness(job, node);
      if (own !== likeness) {
        likeness = own;
        config = configOn(node);
      }
      if (config !== undefined && (best === undefined || ready + config.seconds < best.end)) {
        best = { node, config, end: ready + config.seconds };
      }
    }
    this._ground.place(job, best!.config, best!.node, this._ready[best!.node]!);
    this._ready[best!.node] = best!.end;
  }
}
