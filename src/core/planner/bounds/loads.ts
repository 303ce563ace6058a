import { frontOn } from '../problem/pareto.js';
import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import { deviceFunctions, TIME_FUNCTIONS } from './dualFeasible.js';
import { groupJobs, groupNodes, type IBusyDevices, type IJobType, type INodeClass } from './jobTypes.js';

/** When something may run, and for how long; in seconds. */
export interface ITimed {
  seconds: number;
  /** It begins no sooner. */
  head: number;
  /** It is over by then, or by the target where that is sooner. */
  due: number;
}

/** One way to run the jobs of a type, or some jobs fused. */
export interface IColumn extends ITimed {
  /** Index into the job types; of the first job of a fused run. */
  type: number;
  /** Types of the other jobs of a fused run. */
  fused?: number[];
  /** Index into the type's configurations, or {@link KEPT} when the job goes on where it runs; of fused runs, their own. */
  config: number;
  /** Index into the node classes. */
  nodeClass: number;
  devices: number;
  /** Of which sets of lanes it takes one: indexes into {@link Loads.resources}. */
  lanes: readonly number[];
}

/** What runs need as long as they go on: the devices of a class of nodes, or a set of lanes. */
export interface IResource {
  /** How many there are, each of which may be full. */
  count: number;
  /** Devices of each; 1 of a lane. */
  size: number;
  /** What is taken of all of them together. */
  busy: IBusyDevices[];
}

/**
 * A share of the time there is: of what runs one after the other on a device, these add up to at most 1. The first ones
 * are dual feasible functions of seconds / target.
 */
export type TimeFunction = (run: ITimed, target: number) => number;

/** A dual feasible function of devices and one of time, for one resource. */
export interface IPair {
  /** Index into {@link Loads.resources}. */
  resource: number;
  /** Index into {@link Loads.space} of the resource. */
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

/** Deadlines missed by no more than this share are met. */
const ROUNDING = 1e-9;

/** Times from which, and up to which, stretches of time are looked at by themselves. */
const MOST_TIMES = 12;

/** Job types and node classes, with all the ways to run the former on the latter. */
export class Loads {
  /** Of every type in turn; those of type t are from `starts[t]` up to `starts[t + 1]`. Fused runs come last. */
  readonly columns: IColumn[] = [];
  readonly starts: number[] = [0];
  /** The node classes, in their order, then the sets of lanes. */
  readonly resources: IResource[];
  /** Per resource, the values of its device functions at every device count; those of one size share a list. */
  readonly space: (readonly number[])[][];
  readonly time: TimeFunction[];

  constructor(
    readonly types: IJobType[],
    readonly classes: INodeClass[],
    coupled: Partial<Pick<IProblem, 'lanes' | 'fusions' | 'jobs'>> = {}
  ) {
    const { lanes = [], fusions = [], jobs = [] } = coupled;
    this.resources = [
      ...classes.map(({ nodes, size, busy }) => ({ count: nodes.length, size, busy })),
      ...lanes.map(free => ({
        count: free.length,
        size: 1,
        busy: free.filter(seconds => seconds > 0).map(seconds => ({ devices: 1, seconds }))
      }))
    ];
    const bySize = new Map(this.resources.map(({ size }) => [size, deviceFunctions(size)]));
    this.space = this.resources.map(({ size }) => bySize.get(size)!);
    this.time = [
      ...TIME_FUNCTIONS.map(
        (f): TimeFunction =>
          ({ seconds }, target) =>
            f(seconds / target)
      ),
      ...windowsOf(types)
    ];
    const lanesOf = (sets: number[]) =>
      [...new Set(sets)].filter(set => set < lanes.length).map(set => classes.length + set);
    for (const [type, { configs, current, release: head, deadline: due, lanes: sets }] of types.entries()) {
      const own = { type, head, due, lanes: lanesOf(sets) };
      for (const [nodeClass, { size, nodes }] of classes.entries()) {
        for (const config of frontOn(configs, nodes[0]!, size)) {
          const { devices, seconds } = configs[config]!;
          this.columns.push({ ...own, config, nodeClass, devices, seconds });
        }
        if (current !== undefined && nodes.includes(current.node)) {
          const { devices, seconds } = current.config;
          this.columns.push({ ...own, config: KEPT, nodeClass, devices, seconds });
        }
      }
      this.starts.push(this.columns.length);
    }
    const typeOf = new Map(types.flatMap((own, type) => own.jobs.map(job => [job, type] as const)));
    for (const { members, configs } of fusions) {
      const [type, ...fused] = members.map(job => typeOf.get(job)!);
      const own = {
        type: type!,
        fused,
        head: members.reduce((latest, job) => Math.max(latest, jobs[job]!.release), 0),
        due: members.reduce((first, job) => Math.min(first, jobs[job]!.deadline), Infinity),
        lanes: lanesOf(members.flatMap(job => jobs[job]!.lanes))
      };
      for (const [nodeClass, { size, nodes }] of classes.entries()) {
        for (const config of frontOn(configs, nodes[0]!, size)) {
          const { devices, seconds } = configs[config]!;
          this.columns.push({ ...own, config, nodeClass, devices, seconds });
        }
      }
    }
  }

  /** Types and classes of a problem, with what couples its jobs. */
  static of(problem: IProblem): Loads {
    return new Loads(groupJobs(problem), groupNodes(problem), problem);
  }

  /** How much of a resource a column needs. */
  devicesOn({ nodeClass, devices, lanes }: IColumn, resource: number): number {
    return nodeClass === resource ? devices : lanes.includes(resource) ? 1 : 0;
  }

  /** Whether a column is short enough for a target, and over in time. */
  fits({ head, seconds, due }: IColumn, target: number): boolean {
    return head + seconds <= target && head + seconds <= due * (1 + ROUNDING);
  }

  /** What a pair makes of some devices while something runs; each of the resource holds 1 until `target`. */
  weight({ resource, space, time }: IPair, devices: number, run: ITimed, target: number): number {
    return this.space[resource]![space]![devices]! * this.time[time]!(run, target);
  }

  /** What is left of the room of a resource: how many there are less what is taken already. */
  room(pair: IPair, target: number): number {
    const { count, busy } = this.resources[pair.resource]!;
    return busy.reduce(
      (left, { devices, seconds }) =>
        left - this.weight(pair, devices, { seconds, head: 0, due: seconds }, target),
      count
    );
  }

  /**
   * Whether no plan of makespan `target` exists, by adding up: each job weighed in its lightest way weighs more than
   * all resources hold. This takes nobody's word for anything.
   *
   * @param prices - per type, what its jobs may weigh, about; needed where runs are fused.
   */
  refutes(certificate: Certificate, target: number, prices?: Float64Array): boolean {
    return this.weigh(certificate, target, prices).slack < 0;
  }

  /** Weigh every job in its lightest way against the room there is. */
  weigh(certificate: Certificate, target: number, prices?: Float64Array): IWeighed {
    let slack = 0;
    for (const pair of certificate) {
      slack += pair.weight * (this.room(pair, target) + MARGIN * this.resources[pair.resource]!.count);
    }
    const byResource = this.resources.map((_, index) => certificate.filter(pair => pair.resource === index));
    const extra = Float64Array.from(this.columns, column => {
      if (!this.fits(column, target)) {
        return Infinity;
      }
      let weight = 0;
      for (const resource of [column.nodeClass, ...column.lanes]) {
        const devices = this.devicesOn(column, resource);
        for (const pair of byResource[resource]!) {
          weight += pair.weight * this.weight(pair, devices, column, target);
        }
      }
      return weight;
    });
    const least = this._lightest(extra, prices);
    for (const [type, { jobs }] of this.types.entries()) {
      for (let c = this.starts[type]!; c < this.starts[type + 1]!; c++) {
        extra[c]! -= least[type] === Infinity ? 0 : least[type]!;
      }
      slack -= jobs.length * least[type]!;
    }
    return { slack, extra };
  }

  /**
   * Per type, what a job of it weighs at least; fused jobs together no more than their run. Any such numbers will do:
   * they are made from the prices, where runs are fused.
   */
  private _lightest(weights: Float64Array, prices?: Float64Array): Float64Array {
    const least = new Float64Array(this.types.length).fill(Infinity);
    for (const type of this.types.keys()) {
      for (let c = this.starts[type]!; c < this.starts[type + 1]!; c++) {
        least[type] = Math.min(least[type]!, weights[c]!);
      }
    }
    const fused = [...this.columns.entries()].slice(this.starts.at(-1));
    if (fused.length === 0) {
      return least;
    }
    const own =
      prices === undefined ? least.slice() : prices.map((price, type) => Math.min(price, least[type]!));
    const sum = ({ type, fused: others = [] }: IColumn) =>
      others.reduce((total, other) => total + own[other]!, own[type]!);
    for (const [c, column] of fused) {
      const total = sum(column);
      if (total > weights[c]!) {
        for (const type of [column.type, ...column.fused!]) {
          own[type] = total === Infinity ? 0 : (own[type]! * weights[c]!) / total;
        }
      }
    }
    for (const type of [...this.types.keys()].filter(one => own[one]! < Infinity)) {
      const rise = fused.reduce(
        (room, [c, column]) =>
          column.type === type || column.fused!.includes(type)
            ? Math.min(room, (weights[c]! - sum(column)) / timesIn(column, type))
            : room,
        least[type]! - own[type]!
      );
      own[type]! += Math.max(0, rise);
    }
    return own;
  }
}

/** How many jobs of a type a fused run does. */
function timesIn({ type, fused = [] }: IColumn, wanted: number): number {
  return [type, ...fused].filter(own => own === wanted).length;
}

/** For each stretch between a release and a deadline or the end: how much of it a run must take, wherever it is put. */
function windowsOf(types: IJobType[]): TimeFunction[] {
  const some = (times: number[]) => [...new Set(times)].sort((a, b) => a - b).slice(0, MOST_TIMES);
  const froms = some([0, ...types.map(({ release }) => release)]);
  const untils = [...some(types.map(({ deadline }) => deadline).filter(Number.isFinite)), Infinity];
  return froms.flatMap(from =>
    untils
      .filter(until => until > from && (from > 0 || until < Infinity))
      .map(
        (until): TimeFunction =>
          (run, target) => {
            const end = Math.min(until, target);
            return end > from ? (mandatory(run, from, end, target) / (end - from)) * (1 - ROUNDING) : 0;
          }
      )
  );
}

/** Seconds that a run goes on between two times at least: whether it begins as soon or as late as it may. */
function mandatory({ seconds, head, due }: ITimed, from: number, until: number, target: number): number {
  const latest = Math.max(head, Math.min(due, target) - seconds);
  const overlap = (start: number) => Math.max(0, Math.min(start + seconds, until) - Math.max(start, from));
  return Math.min(overlap(head), overlap(latest));
}
