import type { IProblem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { IPlaced, ISchedule } from '../schedule/schedule.js';
import type { IRunSequence } from './runSequence.js';
import { type IRun, lanesOf } from './runTable.js';

/** A deadline or limit missed by no more than this share is met: rounding of sums. */
export const ROUNDING = 1e-9;

/** Per run, the devices it is to use where they are free, by node. */
export type PreferredDevices = (Map<number, number[]> | undefined)[];

/** Turns sequences into times on devices, and into what the constraints are about. */
export class Decoder {
  makespan = 0;
  /** Sum over jobs of weight times end. */
  weighted = 0;
  /** By how much constraints are missed, in seconds; what is too much of device time or cost counts per device. */
  violation = 0;
  /** Device-seconds from 0 until each device is free. */
  spent = 0;
  deviceSeconds = 0;
  cost = 0;
  /** The run that ends last; -1 when it is one that may not be moved. */
  last = -1;
  private readonly _free: Float64Array[];
  private readonly _initial: Float64Array[];
  /** Per node and device, how many configurations name it: those few want are taken first. */
  private readonly _claims: Int32Array[];
  private readonly _lanes: Float64Array;
  private readonly _initialLanes: number[];
  private readonly _kept: number[];
  private readonly _fixed: { makespan: number; weighted: number; deviceSeconds: number; cost: number };
  private readonly _meanPrice: number;
  private _placed: IPlaced[] | undefined;
  private _settling: IRunSequence | undefined;

  constructor(
    private readonly _problem: IProblem,
    private readonly _runs: IRun[],
    private readonly _wanted: PreferredDevices = []
  ) {
    const { nodes, running, prices, deviceCount } = _problem;
    this._initial = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this._free = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this._claims = nodes.map(({ freeAt }) => new Int32Array(freeAt.length));
    for (const { configs } of _runs) {
      for (const { among } of configs) {
        for (const [node, devices] of among?.entries() ?? []) {
          for (const device of devices ?? []) {
            this._claims[node]![device]!++;
          }
        }
      }
    }
    this._initialLanes = lanesOf(_problem);
    this._lanes = Float64Array.from(this._initialLanes);
    this._kept = _runs.flatMap(({ current }, run) => (current === undefined ? [] : [run]));
    this._fixed = { makespan: 0, weighted: 0, deviceSeconds: 0, cost: 0 };
    for (const { config, node, weight } of running) {
      const area = config.devices * config.seconds;
      this._fixed.makespan = Math.max(this._fixed.makespan, config.seconds);
      this._fixed.weighted += weight * config.seconds;
      this._fixed.deviceSeconds += area;
      this._fixed.cost += area * prices[node]!;
    }
    const paid = nodes.reduce((sum, { devices }, node) => sum + devices.length * prices[node]!, 0);
    this._meanPrice = paid / Math.max(1, deviceCount);
  }

  /** What is to be made small. */
  get objective(): number {
    return this._problem.weighted ? this.weighted : this.makespan;
  }

  /** Measure a sequence. */
  decode(sequence: IRunSequence): void {
    const { _free: free, _initial: initial, _lanes: lanes, _runs: runs, _fixed: fixed } = this;
    for (let node = 0; node < free.length; node++) {
      free[node]!.set(initial[node]!);
    }
    lanes.set(this._initialLanes);
    this.makespan = fixed.makespan;
    this.weighted = fixed.weighted;
    this.deviceSeconds = fixed.deviceSeconds;
    this.cost = fixed.cost;
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
    this.spent = 0;
    for (const times of free) {
      for (let i = 0; i < times.length; i++) {
        this.spent += times[i]!;
      }
    }
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
    const { config, node, devices } = this._runs[run]!.current!;
    const times = this._free[node]!;
    for (const device of devices) {
      times[device] = config.seconds;
    }
    if (this._lanes.length > 0 && config.seconds > 0) {
      if (this._lanes[0]! > 0) {
        this.violation += config.seconds;
      }
      if (this._lanes[0]! < config.seconds) {
        this._takeLane(0, config.seconds);
      }
    }
    this._count(run, 0, config.seconds, config.devices, this._problem.prices[node]!);
    this._placed?.push({ job: run, config, node, devices, start: 0, end: config.seconds });
  }

  private _place(index: number, run: IRun, sequence: IRunSequence): void {
    const choice = sequence.config[index]!;
    const config = run.configs[choice]!;
    const { devices, seconds, among, span = 1 } = config;
    const share = devices / span;
    let nodes = sequence.nodes[index]!;
    if (nodes.length === 0) {
      nodes = this._soonest(run.sites[choice]!, share, span, among);
      if (this._settling !== undefined) {
        this._settling.nodes[index] = nodes;
      }
    }
    let start = run.release;
    if (this._lanes.length > 0 && seconds > 0) {
      start = Math.max(start, this._lanes[0]!);
    }
    for (let i = 0; i < nodes.length; i++) {
      start = Math.max(start, this._startOn(nodes[i]!, share, among?.[nodes[i]!]));
    }
    const end = start + seconds;
    if (this._lanes.length > 0 && seconds > 0) {
      this._takeLane(start, end);
    }
    let price = 0;
    const taken: number[][] = [];
    for (let i = 0; i < nodes.length; i++) {
      const own = this._take(index, nodes[i]!, share, start, end, among?.[nodes[i]!]);
      if (this._placed !== undefined) {
        taken.push(own);
      }
      price += this._problem.prices[nodes[i]!]!;
    }
    this._count(index, start, end, devices, price / span);
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

  /** The nodes on which devices are free first; smaller ones among equals. */
  private _soonest(
    sites: number[],
    share: number,
    span: number,
    among: (number[] | undefined)[] | undefined
  ): number[] {
    if (span > 1) {
      const starts = new Map(sites.map(node => [node, this._startOn(node, share, among?.[node])]));
      return [...sites].sort((a, b) => starts.get(a)! - starts.get(b)! || a - b).slice(0, span);
    }
    let best = sites[0]!;
    let bestStart = Infinity;
    for (const node of sites) {
      const start = this._startOn(node, share, among?.[node]);
      if (start < bestStart || (start === bestStart && this._free[node]!.length < this._free[best]!.length)) {
        best = node;
        bestStart = start;
      }
    }
    return [best];
  }

  /** The soonest that so many of the devices allowed are free together. */
  private _startOn(node: number, count: number, allowed: number[] | undefined): number {
    const times = this._free[node]!;
    const length = allowed?.length ?? times.length;
    let sorted = 0;
    for (let i = 0; i < length; i++) {
      const time = times[allowed === undefined ? i : allowed[i]!]!;
      if (sorted === count && time >= SCRATCH[count - 1]!) {
        continue;
      }
      let at = sorted < count ? sorted++ : count - 1;
      while (at > 0 && SCRATCH[at - 1]! > time) {
        SCRATCH[at] = SCRATCH[at - 1]!;
        at--;
      }
      SCRATCH[at] = time;
    }
    return SCRATCH[count - 1]!;
  }

  /**
   * Take devices free at a time: those wanted, then those that fewest others name, and of these those that became
   * free last.
   */
  private _take(
    run: number,
    node: number,
    count: number,
    start: number,
    end: number,
    allowed: number[] | undefined
  ): number[] {
    const times = this._free[node]!;
    const claims = this._claims[node]!;
    const length = allowed?.length ?? times.length;
    const taken: number[] = [];
    for (const device of this._wanted[run]?.get(node) ?? []) {
      if (taken.length < count && times[device]! <= start && (allowed?.includes(device) ?? true)) {
        taken.push(device);
      }
    }
    for (let k = taken.length; k < count; k++) {
      let best = -1;
      for (let i = 0; i < length; i++) {
        const device = allowed === undefined ? i : allowed[i]!;
        const time = times[device]!;
        if (
          time <= start &&
          !taken.includes(device) &&
          (best < 0 ||
            claims[device]! < claims[best]! ||
            (claims[device] === claims[best] && time > times[best]!))
        ) {
          best = device;
        }
      }
      taken.push(best);
    }
    for (const device of taken) {
      times[device] = end;
    }
    return taken.sort((a, b) => a - b);
  }

  /** Take the lane that became free last before a time, which leaves the others to earlier runs. */
  private _takeLane(start: number, end: number): void {
    const { _lanes: lanes } = this;
    let lane = 0;
    while (lane + 1 < lanes.length && lanes[lane + 1]! <= start) {
      lane++;
    }
    while (lane + 1 < lanes.length && lanes[lane + 1]! < end) {
      lanes[lane] = lanes[lane + 1]!;
      lane++;
    }
    lanes[lane] = end;
  }

  private _count(run: number, start: number, end: number, devices: number, price: number): void {
    const area = (end - start) * devices;
    const { deadline, weight, jobs, strayed } = this._runs[run]!;
    if (end > this.makespan) {
      this.makespan = end;
      this.last = run;
    }
    this.weighted += weight * end;
    this.deviceSeconds += area;
    this.cost += area * price;
    this.violation += strayed;
    if (end > deadline * (1 + ROUNDING)) {
      for (const job of jobs) {
        this.violation += Math.max(0, end - this._problem.jobs[job]!.deadline);
      }
    }
  }

  private _addExcess(): void {
    const { limits, deviceCount } = this._problem;
    if (this.deviceSeconds > limits.deviceSeconds * (1 + ROUNDING)) {
      this.violation += (this.deviceSeconds - limits.deviceSeconds) / deviceCount;
    }
    if (this.cost > limits.cost * (1 + ROUNDING)) {
      this.violation += (this.cost - limits.cost) / (this._meanPrice * deviceCount);
    }
  }
}

const SCRATCH = new Float64Array(4096);
