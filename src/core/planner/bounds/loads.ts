import { KEPT } from '../schedule/arrangement.js';
import { type DualFeasible, deviceFunctions, TIME_FUNCTIONS } from './dualFeasible.js';
import type { IJobType, INodeClass } from './jobTypes.js';

/** One way to run the jobs of a type. */
export interface IColumn {
  /** Index into the job types. */
  type: number;
  /** Index into the type's configurations, or {@link KEPT} when the job goes on where it runs. */
  config: number;
  /** Index into the node classes. */
  nodeClass: number;
  devices: number;
  seconds: number;
}

/** A pair of dual feasible functions, for the nodes of one class. */
export interface IPair {
  nodeClass: number;
  /** Index into {@link Loads.space} of the class. */
  space: number;
  /** Index into {@link Loads.time}. */
  time: number;
}

/** Pairs with weights of at least 0. */
export type Certificate = (IPair & { weight: number })[];

/** Jobs weighed against the room there is. */
export interface IWeighed {
  /** What is left of the room when every job takes its lightest column; below 0 they do not fit. */
  slack: number;
  /** By how much each column is heavier than the lightest of its type; Infinity when it takes too long. */
  extra: Float64Array;
}

/** By how much, as a share, work must exceed the room for it before it is called too much. */
const MARGIN = 1e-9;

/** Job types and node classes, with all the ways to run the former on the latter. */
export class Loads {
  /** Of every type in turn; those of type t are from `starts[t]` up to `starts[t + 1]`. */
  readonly columns: IColumn[] = [];
  readonly starts: number[] = [0];
  /** Per class, the values of its device functions at every device count; classes of one size share a list. */
  readonly space: (readonly number[])[][];
  /** Functions of seconds / target. */
  readonly time: DualFeasible[] = [...TIME_FUNCTIONS];

  constructor(
    readonly types: IJobType[],
    readonly classes: INodeClass[]
  ) {
    const bySize = new Map(classes.map(({ size }) => [size, deviceFunctions(size)]));
    this.space = classes.map(({ size }) => bySize.get(size)!);
    for (const [type, { configs, current }] of types.entries()) {
      for (const [nodeClass, { size, nodes }] of classes.entries()) {
        for (const [config, { devices, seconds }] of configs.entries()) {
          if (devices <= size) {
            this.columns.push({ type, config, nodeClass, devices, seconds });
          }
        }
        if (current !== undefined && nodes.includes(current.node)) {
          const { devices, seconds } = current.config;
          this.columns.push({ type, config: KEPT, nodeClass, devices, seconds });
        }
      }
      this.starts.push(this.columns.length);
    }
  }

  /** What a pair makes of some devices for some seconds; the nodes of the class hold 1 each until `target`. */
  weight(pair: IPair, devices: number, seconds: number, target: number): number {
    return this.space[pair.nodeClass]![pair.space]![devices]! * this.time[pair.time]!(seconds / target);
  }

  /** What is left of the room of a class: its nodes less what is taken on them already. */
  room(pair: IPair, target: number): number {
    const { nodes, busy } = this.classes[pair.nodeClass]!;
    return busy.reduce(
      (left, { devices, seconds }) => left - this.weight(pair, devices, seconds, target),
      nodes.length
    );
  }

  /**
   * Whether no plan of makespan `target` exists, by adding up: each job weighed in its lightest way weighs more than
   * all nodes hold. This takes nobody's word for anything.
   */
  refutes(certificate: Certificate, target: number): boolean {
    return this.weigh(certificate, target).slack < 0;
  }

  /** Weigh every job in its lightest way against the room there is. */
  weigh(certificate: Certificate, target: number): IWeighed {
    let slack = 0;
    for (const pair of certificate) {
      slack += pair.weight * (this.room(pair, target) + MARGIN * this.classes[pair.nodeClass]!.nodes.length);
    }
    const perClass = this.classes.map((_, index) => certificate.filter(pair => pair.nodeClass === index));
    const extra = new Float64Array(this.columns.length).fill(Infinity);
    for (const [type, { jobs }] of this.types.entries()) {
      const [first, end] = [this.starts[type]!, this.starts[type + 1]!];
      let least = Infinity;
      for (let c = first; c < end; c++) {
        const { nodeClass, devices, seconds } = this.columns[c]!;
        if (seconds <= target) {
          let weight = 0;
          for (const pair of perClass[nodeClass]!) {
            weight += pair.weight * this.weight(pair, devices, seconds, target);
          }
          extra[c] = weight;
          least = Math.min(least, weight);
        }
      }
      for (let c = first; c < end; c++) {
        extra[c]! -= least === Infinity ? 0 : least;
      }
      slack -= jobs.length * least;
    }
    return { slack, extra };
  }
}
