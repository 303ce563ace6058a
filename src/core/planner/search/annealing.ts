import type { Config } from '../pareto.js';
import type { Problem } from '../problem.js';
import { below, type Random } from '../random.js';
import { type Arrangement, copyArrangement } from '../schedule/arrangement.js';
import { type Lanes, lanesOf } from '../schedule/lanes.js';

/** When a search ends. */
export interface SearchLimit {
  /** Share of the budget used so far, asked now and then; the search ends at 1. */
  progress(iterations: number): number;
  /** A makespan that cannot be improved: the search ends when it is reached. */
  target: number;
}

/** Iterations between two looks at the budget; the last stride is always finished. */
const STRIDE = 256;

/** Times the search is heated up again, each time from the best plan so far. */
const ROUNDS = 4;

/** Temperature at the start and at the end of a round, as a share of the makespan over the number of jobs. */
const HOT = 0.5;
const COLD = 0.0025;

/** How much the mean time at which devices become free weighs against the makespan. */
const WASTE = 1;

/**
 * Simulated annealing over arrangements: change a job's configuration, its place in its node's queue, or its node.
 * What is minimised is the makespan plus the mean time at which devices become free, so that waste squeezed out of any
 * node counts long before it shows in the makespan.
 *
 * @param onBetter - called with each plan shorter than all before; it may keep it and must not change it.
 */
export function anneal(
  problem: Problem,
  start: Arrangement,
  random: Random,
  limit: SearchLimit,
  onBetter: (arrangement: Arrangement, makespan: number) => void
): void {
  const walk = new Walk(problem, start, random);
  let best = copyArrangement(start);
  let bestMakespan = walk.makespan;
  let round = 0;
  for (let iteration = 0; bestMakespan > limit.target; iteration += STRIDE) {
    const progress = limit.progress(iteration) * ROUNDS;
    if (progress >= ROUNDS) {
      return;
    }
    if (Math.floor(progress) > round) {
      round = Math.floor(progress);
      walk.restart(best);
    }
    const heat = HOT * (COLD / HOT) ** (progress - round);
    const temperature = (bestMakespan * heat) / problem.jobs.length;
    for (let i = 0; i < STRIDE && bestMakespan > limit.target; i++) {
      walk.step(temperature);
      if (walk.makespan < bestMakespan) {
        bestMakespan = walk.makespan;
        best = copyArrangement(walk.arrangement);
        onBetter(best, bestMakespan);
      }
    }
  }
}

/** The current arrangement of an annealing run, with the cost of each node. */
class Walk {
  arrangement: Arrangement;
  makespan = 0;
  private cost = 0;
  private readonly lanes: Lanes[];
  private readonly nodeOf: Int32Array;
  private readonly ends: Float64Array;
  private readonly spent: Float64Array;

  constructor(
    private readonly problem: Problem,
    start: Arrangement,
    private readonly random: Random
  ) {
    this.lanes = lanesOf(problem);
    this.nodeOf = new Int32Array(problem.jobs.length);
    this.ends = new Float64Array(problem.nodes.length);
    this.spent = new Float64Array(problem.nodes.length);
    this.arrangement = start;
    this.restart(start);
  }

  /** Go on from a copy of another arrangement. */
  restart(arrangement: Arrangement): void {
    this.arrangement = copyArrangement(arrangement);
    for (const [node, queue] of this.arrangement.queues.entries()) {
      for (const job of queue) {
        this.nodeOf[job] = node;
      }
      this.decode(node);
    }
    this.sum();
  }

  /** Try one random change; keep it when it is better, or by luck when it is worse. */
  step(temperature: number): void {
    const { problem, random, arrangement, nodeOf } = this;
    const job = this.pick();
    const from = nodeOf[job]!;
    const to = random() < 0.5 ? from : this.otherNode(from);
    const oldConfig = arrangement.config[job]!;
    const size = this.lanes[to]!.size;
    const { configs } = problem.jobs[job]!;
    if (configs[0]!.devices > size) {
      return;
    }
    const partner = random() < 0.5 ? this.partner(job, to) : -1;
    const oldFrom = arrangement.queues[from]!;
    const oldTo = arrangement.queues[to]!;
    if (partner >= 0) {
      this.exchange(job, partner, from, to);
    } else {
      this.move(job, from, to);
    }
    if (configs[oldConfig]!.devices > size || (partner < 0 && random() < 0.5)) {
      arrangement.config[job] = this.otherConfig(configs, oldConfig, size);
    }
    const before = { makespan: this.makespan, cost: this.cost };
    this.decode(from);
    if (to !== from) {
      this.decode(to);
    }
    this.sum();
    const worse = this.cost - before.cost;
    if (worse <= 0 || random() < Math.exp(-worse / temperature)) {
      return;
    }
    arrangement.queues[from] = oldFrom;
    arrangement.queues[to] = oldTo;
    arrangement.config[job] = oldConfig;
    nodeOf[job] = from;
    if (partner >= 0) {
      nodeOf[partner] = to;
    }
    this.decode(from);
    if (to !== from) {
      this.decode(to);
    }
    this.makespan = before.makespan;
    this.cost = before.cost;
  }

  /** Half of the time a job of the node that ends last. */
  private pick(): number {
    if (this.random() < 0.5) {
      const queue = this.arrangement.queues[this.ends.indexOf(this.makespan)];
      if (queue !== undefined && queue.length > 0) {
        return queue[below(this.random, queue.length)]!;
      }
    }
    return below(this.random, this.nodeOf.length);
  }

  private otherNode(node: number): number {
    const { length } = this.lanes;
    return length === 1 ? node : (node + 1 + below(this.random, length - 1)) % length;
  }

  /** Half of the time the next smaller or larger configuration, else any; one that fits the node. */
  private otherConfig(configs: Config[], index: number, size: number): number {
    let fitting = configs.length;
    while (configs[fitting - 1]!.devices > size) {
      fitting--;
    }
    if (this.random() < 0.5) {
      return below(this.random, fitting);
    }
    const next = index + (this.random() < 0.5 ? 1 : -1);
    return Math.min(fitting - 1, Math.max(0, next));
  }

  /** A job of the node to change places with, such that both fit; -1 when the one drawn does not. */
  private partner(job: number, node: number): number {
    const queue = this.arrangement.queues[node]!;
    const partner = queue[below(this.random, queue.length)];
    if (partner === undefined || partner === job) {
      return -1;
    }
    const config = this.problem.jobs[partner]!.configs[this.arrangement.config[partner]!]!;
    return config.devices <= this.lanes[this.nodeOf[job]!]!.size ? partner : -1;
  }

  private exchange(job: number, partner: number, from: number, to: number): void {
    const { queues } = this.arrangement;
    const turn = (other: number) => (other === job ? partner : other === partner ? job : other);
    queues[from] = queues[from]!.map(turn);
    if (to !== from) {
      queues[to] = queues[to]!.map(turn);
    }
    this.nodeOf[job] = to;
    this.nodeOf[partner] = from;
  }

  private move(job: number, from: number, to: number): void {
    const { queues } = this.arrangement;
    queues[from] = queues[from]!.filter(other => other !== job);
    const queue = [...queues[to]!];
    queue.splice(below(this.random, queue.length + 1), 0, job);
    queues[to] = queue;
    this.nodeOf[job] = to;
  }

  private decode(node: number): void {
    const lane = this.lanes[node]!;
    const { jobs } = this.problem;
    const { config, queues } = this.arrangement;
    lane.reset();
    for (const job of queues[node]!) {
      const { devices, seconds } = jobs[job]!.configs[config[job]!]!;
      lane.place(devices, seconds);
    }
    this.ends[node] = lane.end;
    this.spent[node] = lane.spent;
  }

  private sum(): void {
    let makespan = 0;
    let spent = 0;
    for (let node = 0; node < this.ends.length; node++) {
      makespan = Math.max(makespan, this.ends[node]!);
      spent += this.spent[node]!;
    }
    this.makespan = makespan;
    this.cost = makespan + (WASTE * spent) / this.problem.deviceCount;
  }
}
