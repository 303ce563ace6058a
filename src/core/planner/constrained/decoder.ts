import type { Problem } from '../problem/problem.js';
import { KEPT } from '../schedule/arrangement.js';
import type { Placed, Schedule } from '../schedule/schedule.js';
import type { Sequence } from './runSequence.js';
import { lanesOf, type Run } from './runTable.js';

/** A deadline or limit missed by no more than this share is met: rounding of sums. */
export const ROUNDING = 1e-9;

/** Per run, the devices it is to use where they are free, by node. */
export type Wanted = (Map<number, number[]> | undefined)[];

/** Turns sequences into times on devices, and into what the wishes are about. */
export class Decoder {
  makespan = 0;
  /** Sum over jobs of weight times end. */
  weighted = 0;
  /** By how much wishes are missed, in seconds; what is too much of device time or cost counts per device. */
  violation = 0;
  /** Device-seconds from 0 until each device is free. */
  spent = 0;
  deviceSeconds = 0;
  cost = 0;
  /** The run that ends last; -1 when it is one that may not be moved. */
  last = -1;
  private readonly free: Float64Array[];
  private readonly initial: Float64Array[];
  /** Per node and device, how many configurations name it: those few want are taken first. */
  private readonly claims: Int32Array[];
  private readonly lanes: Float64Array;
  private readonly initialLanes: number[];
  private readonly kept: number[];
  private readonly fixed: { makespan: number; weighted: number; deviceSeconds: number; cost: number };
  private readonly meanPrice: number;
  private placed: Placed[] | undefined;
  private settling: Sequence | undefined;

  constructor(
    private readonly problem: Problem,
    private readonly runs: Run[],
    private readonly wanted: Wanted = []
  ) {
    const { nodes, running, prices, deviceCount } = problem;
    this.initial = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this.free = nodes.map(({ freeAt }) => Float64Array.from(freeAt));
    this.claims = nodes.map(({ freeAt }) => new Int32Array(freeAt.length));
    for (const { configs } of runs) {
      for (const { among } of configs) {
        for (const [node, devices] of among?.entries() ?? []) {
          for (const device of devices ?? []) {
            this.claims[node]![device]!++;
          }
        }
      }
    }
    this.initialLanes = lanesOf(problem);
    this.lanes = Float64Array.from(this.initialLanes);
    this.kept = runs.flatMap(({ current }, run) => (current === undefined ? [] : [run]));
    this.fixed = { makespan: 0, weighted: 0, deviceSeconds: 0, cost: 0 };
    for (const { config, node, weight } of running) {
      const area = config.devices * config.seconds;
      this.fixed.makespan = Math.max(this.fixed.makespan, config.seconds);
      this.fixed.weighted += weight * config.seconds;
      this.fixed.deviceSeconds += area;
      this.fixed.cost += area * prices[node]!;
    }
    const paid = nodes.reduce((sum, { devices }, node) => sum + devices.length * prices[node]!, 0);
    this.meanPrice = paid / Math.max(1, deviceCount);
  }

  /** What is to be made small. */
  get objective(): number {
    return this.problem.weighted ? this.weighted : this.makespan;
  }

  /** Measure a sequence. */
  decode(sequence: Sequence): void {
    const { free, initial, lanes, runs, fixed } = this;
    for (let node = 0; node < free.length; node++) {
      free[node]!.set(initial[node]!);
    }
    lanes.set(this.initialLanes);
    this.makespan = fixed.makespan;
    this.weighted = fixed.weighted;
    this.deviceSeconds = fixed.deviceSeconds;
    this.cost = fixed.cost;
    this.violation = 0;
    this.last = -1;
    const { order, config, active } = sequence;
    for (const run of this.kept) {
      if (config[run] === KEPT && active[run]) {
        this.keep(run);
      }
    }
    for (let i = 0; i < order.length; i++) {
      const run = order[i]!;
      if (active[run] && config[run] !== KEPT) {
        this.place(run, runs[run]!, sequence);
      }
    }
    this.spent = 0;
    for (const times of free) {
      for (let i = 0; i < times.length; i++) {
        this.spent += times[i]!;
      }
    }
    this.addExcess();
  }

  /** Measure a sequence, and write down the nodes chosen for runs that had none. */
  settle(sequence: Sequence): void {
    this.settling = sequence;
    this.decode(sequence);
    this.settling = undefined;
  }

  /** The plan a sequence stands for. */
  schedule(sequence: Sequence): Schedule {
    const placed: Placed[] = [];
    this.placed = placed;
    this.decode(sequence);
    this.placed = undefined;
    return { placed, makespan: this.makespan };
  }

  private keep(run: number): void {
    const { config, node, devices } = this.runs[run]!.current!;
    const times = this.free[node]!;
    for (const device of devices) {
      times[device] = config.seconds;
    }
    if (this.lanes.length > 0 && config.seconds > 0) {
      if (this.lanes[0]! > 0) {
        this.violation += config.seconds;
      }
      if (this.lanes[0]! < config.seconds) {
        this.takeLane(0, config.seconds);
      }
    }
    this.count(run, 0, config.seconds, config.devices, this.problem.prices[node]!);
    this.placed?.push({ job: run, config, node, devices, start: 0, end: config.seconds });
  }

  private place(index: number, run: Run, sequence: Sequence): void {
    const choice = sequence.config[index]!;
    const config = run.configs[choice]!;
    const { devices, seconds, among, span = 1 } = config;
    const share = devices / span;
    let nodes = sequence.nodes[index]!;
    if (nodes.length === 0) {
      nodes = this.soonest(run.sites[choice]!, share, span, among);
      if (this.settling !== undefined) {
        this.settling.nodes[index] = nodes;
      }
    }
    let start = run.release;
    if (this.lanes.length > 0 && seconds > 0) {
      start = Math.max(start, this.lanes[0]!);
    }
    for (let i = 0; i < nodes.length; i++) {
      start = Math.max(start, this.startOn(nodes[i]!, share, among?.[nodes[i]!]));
    }
    const end = start + seconds;
    if (this.lanes.length > 0 && seconds > 0) {
      this.takeLane(start, end);
    }
    let price = 0;
    const taken: number[][] = [];
    for (let i = 0; i < nodes.length; i++) {
      const own = this.take(index, nodes[i]!, share, start, end, among?.[nodes[i]!]);
      if (this.placed !== undefined) {
        taken.push(own);
      }
      price += this.problem.prices[nodes[i]!]!;
    }
    this.count(index, start, end, devices, price / span);
    if (this.placed !== undefined) {
      const elsewhere = nodes.slice(1).map((node, i) => ({ node, devices: taken[i + 1]! }));
      for (const job of run.jobs) {
        this.placed.push({
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
  private soonest(
    sites: number[],
    share: number,
    span: number,
    among: (number[] | undefined)[] | undefined
  ): number[] {
    if (span > 1) {
      const starts = new Map(sites.map(node => [node, this.startOn(node, share, among?.[node])]));
      return [...sites].sort((a, b) => starts.get(a)! - starts.get(b)! || a - b).slice(0, span);
    }
    let best = sites[0]!;
    let bestStart = Infinity;
    for (const node of sites) {
      const start = this.startOn(node, share, among?.[node]);
      if (start < bestStart || (start === bestStart && this.free[node]!.length < this.free[best]!.length)) {
        best = node;
        bestStart = start;
      }
    }
    return [best];
  }

  /** The soonest that so many of the devices allowed are free together. */
  private startOn(node: number, count: number, allowed: number[] | undefined): number {
    const times = this.free[node]!;
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
  private take(
    run: number,
    node: number,
    count: number,
    start: number,
    end: number,
    allowed: number[] | undefined
  ): number[] {
    const times = this.free[node]!;
    const claims = this.claims[node]!;
    const length = allowed?.length ?? times.length;
    const taken: number[] = [];
    for (const device of this.wanted[run]?.get(node) ?? []) {
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
  private takeLane(start: number, end: number): void {
    const { lanes } = this;
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

  private count(run: number, start: number, end: number, devices: number, price: number): void {
    const area = (end - start) * devices;
    const { deadline, weight, jobs, strayed } = this.runs[run]!;
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
        this.violation += Math.max(0, end - this.problem.jobs[job]!.deadline);
      }
    }
  }

  private addExcess(): void {
    const { limits, deviceCount } = this.problem;
    if (this.deviceSeconds > limits.deviceSeconds * (1 + ROUNDING)) {
      this.violation += (this.deviceSeconds - limits.deviceSeconds) / deviceCount;
    }
    if (this.cost > limits.cost * (1 + ROUNDING)) {
      this.violation += (this.cost - limits.cost) / (this.meanPrice * deviceCount);
    }
  }
}

const SCRATCH = new Float64Array(4096);
