import { type IProblem, partsOf } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';
import { FreeDevices } from './freeDevices.js';
import { FreeLanes } from './freeLanes.js';
import type { IRunSequence } from './runSequence.js';
import type { IRun } from './runTable.js';

/** A deadline or budget missed by no more than this share is met: rounding of sums. */
export const ROUNDING = 1e-9;

/** Per run, the devices it is to use where they are free, by node. */
export type PreferredDevices = (Map<number, number[]> | undefined)[];

/** Turns sequences into times on devices, and into what constraints come to. */
export class Decoder {
  makespan = 0;
  /** Sum over jobs of weight times end. */
  weighted = 0;
  /** By how much constraints are missed, in seconds; what exceeds a budget, as seconds of all devices. */
  violation = 0;
  /** Device-seconds from 0 until each device is free. */
  spent = 0;
  /** Of each budget. */
  readonly taken: Float64Array;
  /** The run that ends last; -1 when it is one that may not be moved. */
  last = -1;
  private readonly _devices: FreeDevices;
  private readonly _lanes: FreeLanes;
  private readonly _kept: number[];
  private readonly _fixed: { makespan: number; weighted: number; taken: Float64Array };
  /** Of each budget, what a second on a device takes, by node; and on all devices. */
  private readonly _rates: Float64Array[];
  private readonly _fullRates: number[];
  private _placed: IPlaced[] | undefined;
  private _settling: IRunSequence | undefined;

  constructor(
    private readonly _problem: IProblem,
    private readonly _runs: IRun[],
    private readonly _wanted: PreferredDevices = []
  ) {
    const { nodes, running, budgets, deviceCount } = _problem;
    this._devices = new FreeDevices(_problem, _runs);
    this._lanes = new FreeLanes(_problem);
    this.taken = new Float64Array(budgets.length);
    this._kept = _runs.flatMap(({ current }, run) => (current === undefined ? [] : [run]));
    this._fixed = { makespan: 0, weighted: 0, taken: new Float64Array(budgets.length) };
    for (const { config, weight, ...place } of running) {
      this._fixed.makespan = Math.max(this._fixed.makespan, config.seconds);
      this._fixed.weighted += weight * config.seconds;
      for (const [budget, { rates }] of budgets.entries()) {
        for (const { node, devices } of partsOf(place)) {
          this._fixed.taken[budget]! += devices.length * config.seconds * rates[node]!;
        }
      }
    }
    this._rates = budgets.map(({ rates }) => Float64Array.from(rates));
    this._fullRates = budgets.map(({ rates }) => {
      const all = nodes.reduce((sum, { devices }, node) => sum + devices.length * rates[node]!, 0);
      return (all / Math.max(1, deviceCount)) * deviceCount;
    });
  }

  /** What is to be made small. */
  get objective(): number {
    return this._problem.weighted ? this.weighted : this.makespan;
  }

  /** Measure a sequence. */
  decode(sequence: IRunSequence): void {
    const { _devices: devices, _runs: runs, _fixed: fixed } = this;
    devices.reset();
    this._lanes.reset();
    this.makespan = fixed.makespan;
    this.weighted = fixed.weighted;
    this.taken.set(fixed.taken);
    this.violation = 0;
    this.last = -1;
    const { order, config, active } = sequence;
    for (const run of this._kept) {
      if (config[run] === KEPT && active[run]) {
        this._keep(run);
      }
    }
    for (let i = 0; i < order.length; i++) {
      const run = order[i]!;
      if (active[run] && config[run] !== KEPT) {
        this._place(run, runs[run]!, sequence);
      }
    }
    this.spent = devices.total;
    this._addExcess();
  }

  /** Measure a sequence, and write down the nodes chosen for runs that had none. */
  settle(sequence: IRunSequence): void {
    this._settling = sequence;
    this.decode(sequence);
    this._settling = undefined;
  }

  /** The plan a sequence stands for. */
  schedule(sequence: IRunSequence): ISchedule {
    const placed: IPlaced[] = [];
    this._placed = placed;
    this.decode(sequence);
    this._placed = undefined;
    return { placed, makespan: this.makespan };
  }

  private _keep(run: number): void {
    const { config, ...place } = this._runs[run]!.current!;
    const { seconds } = config;
    const parts = partsOf(place);
    for (const { node, devices } of parts) {
      this._devices.hold(node, devices, seconds);
    }
    for (const set of seconds > 0 ? this._runs[run]!.lanes : NONE) {
      const free = this._lanes.soonest(set);
      if (free > 0) {
        this.violation += seconds;
      }
      if (free < seconds) {
        this._lanes.take(set, 0, seconds);
      }
    }
    this._count(run, seconds);
    this._spend(
      seconds * config.devices,
      parts.map(({ node }) => node),
      parts.length
    );
    this._placed?.push({ job: run, config, ...place, start: 0, end: seconds });
  }

  private _place(index: number, run: IRun, sequence: IRunSequence): void {
    const { _devices: free, _lanes: freeLanes } = this;
    const choice = sequence.config[index]!;
    const config = run.configs[choice]!;
    const { devices, seconds, among, span = 1 } = config;
    const share = devices / span;
    let nodes = sequence.nodes[index]!;
    if (nodes.length === 0) {
      nodes = free.soonest(run.sites[choice]!, share, span, among);
      if (this._settling !== undefined) {
        this._settling.nodes[index] = nodes;
      }
    }
    let start = run.release;
    const lanes = seconds > 0 ? run.lanes : NONE;
    for (let i = 0; i < lanes.length; i++) {
      start = Math.max(start, freeLanes.soonest(lanes[i]!));
    }
    for (let i = 0; i < nodes.length; i++) {
      start = Math.max(start, free.startOn(nodes[i]!, share, among?.[nodes[i]!]));
    }
    const end = start + seconds;
    for (let i = 0; i < lanes.length; i++) {
      freeLanes.take(lanes[i]!, start, end);
    }
    const wanted = this._wanted[index];
    const taken: number[][] = [];
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const own = free.take(node, share, start, end, among?.[node], wanted?.get(node));
      if (this._placed !== undefined) {
        taken.push(own);
      }
    }
    this._count(index, end);
    this._spend((end - start) * devices, nodes, span);
    if (this._placed !== undefined) {
      const elsewhere = nodes.slice(1).map((node, i) => ({ node, devices: taken[i + 1]! }));
      for (const job of run.jobs) {
        this._placed.push({
          job,
          config,
          node: nodes[0]!,
          devices: taken[0]!,
          start,
          end,
          ...(span > 1 && { elsewhere }),
          ...(run.fusion !== undefined && { fusion: run.fusion })
        });
      }
    }
  }

  private _count(run: number, end: number): void {
    const { deadline, weight, jobs, strayed } = this._runs[run]!;
    if (end > this.makespan) {
      this.makespan = end;
      this.last = run;
    }
    this.weighted += weight * end;
    this.violation += strayed;
    if (end > deadline * (1 + ROUNDING)) {
      for (const job of jobs) {
        this.violation += Math.max(0, end - this._problem.jobs[job]!.deadline);
      }
    }
  }

  /** Take device-seconds, as many on each of the nodes, from the budgets. */
  private _spend(area: number, nodes: readonly number[], span: number): void {
    for (let i = 0; i < this._rates.length; i++) {
      const rates = this._rates[i]!;
      let rate = rates[nodes[0]!]!;
      for (let k = 1; k < span; k++) {
        rate += rates[nodes[k]!]!;
      }
      this.taken[i]! += area * (rate / span);
    }
  }

  private _addExcess(): void {
    const { budgets } = this._problem;
    for (let i = 0; i < budgets.length; i++) {
      const { limit } = budgets[i]!;
      if (this.taken[i]! > limit * (1 + ROUNDING)) {
        this.violation += (this.taken[i]! - limit) / this._fullRates[i]!;
      }
    }
  }
}

const NONE: readonly number[] = [];
