import { below, type Random } from '../common/random.js';
import type { Problem } from '../problem/problem.js';
import { type Arrangement, KEPT } from '../schedule/arrangement.js';
import type { Walk } from './annealing.js';
import { JobTable } from './jobTable.js';
import { NodeCost } from './nodeCost.js';
import { NodeQueue } from './nodeQueue.js';

/** Share of the moves on one node that change a configuration and nothing else. */
const IN_PLACE = 0.3;

/** How often a job that changes places with another takes another configuration, too. */
const EXCHANGED = 0.3;

/** Share of the moves between nodes that exchange stretches of their queues. */
const STRETCHES = 0.3;

/** Jobs of the longer stretch at most. */
const LONGEST_STRETCH = 12;

/**
 * A walk through arrangements: change a job's configuration, its place in its node's queue, or its node; exchange a
 * stretch of one queue for one of another with about as much work, so that big jobs can change places with many small
 * ones at once; move a running job or let it go on. What is minimised is said in {@link NodeCost}.
 */
export class NodeWalk implements Walk<Arrangement> {
  private readonly cost: NodeCost;
  private readonly table: JobTable;
  private readonly config: Int32Array;
  private readonly nodeOf: Int32Array;
  /** Per job, its index in its node's queue. */
  private readonly place: Int32Array;
  private readonly queues: NodeQueue[];
  /** Per node, how many of its jobs go on where they run. */
  private readonly kept: Int32Array;

  constructor(
    private readonly problem: Problem,
    start: Arrangement,
    private readonly random: Random
  ) {
    const { jobs, nodes } = problem;
    this.table = new JobTable(problem);
    this.config = new Int32Array(jobs.length);
    this.nodeOf = new Int32Array(jobs.length);
    this.place = new Int32Array(jobs.length);
    this.kept = new Int32Array(nodes.length);
    this.queues = nodes.map(({ freeAt }) => new NodeQueue(freeAt, this.table, this.config, this.place));
    this.cost = new NodeCost(this.queues, problem.deviceCount, random);
    this.restore(start);
    this.cost.priceSwitches();
  }

  get makespan(): number {
    return this.cost.makespan;
  }

  get size(): number {
    return this.nodeOf.length;
  }

  /** The makespan; a trifle more for every running job that is moved. */
  get score(): number {
    return this.cost.score;
  }

  snapshot(): Arrangement {
    return {
      config: [...this.config],
      queues: this.queues.map(({ jobs }, node) => jobs.slice(this.kept[node]))
    };
  }

  restore({ config, queues }: Arrangement): void {
    this.config.set(config);
    this.kept.fill(0);
    let switches = 0;
    for (const { tail } of this.queues) {
      tail.length = 0;
    }
    for (const [job, { current }] of this.problem.jobs.entries()) {
      if (config[job] === KEPT) {
        this.nodeOf[job] = current!.node;
        this.kept[current!.node]!++;
        this.queues[current!.node]!.tail.push(job);
      } else if (current !== undefined) {
        switches++;
      }
    }
    for (const [node, queue] of this.queues.entries()) {
      for (const job of queues[node]!) {
        this.nodeOf[job] = node;
        queue.tail.push(job);
      }
      queue.tryTail(0);
      queue.accept();
    }
    this.cost.restart(switches);
  }

  step(temperature: number): void {
    const { random, nodeOf, table, config } = this;
    const job = this.pick();
    const from = nodeOf[job]!;
    const old = config[job]!;
    const { current } = this.problem.jobs[job]!;
    if (current !== undefined && old !== KEPT && random() < 0.3) {
      this.keep(job, current.node, temperature);
      return;
    }
    const to = random() < 0.5 ? from : this.otherNode(from);
    if (from !== to && old !== KEPT && random() < STRETCHES) {
      this.exchangeStretches(job, from, to, temperature);
      return;
    }
    const fitting = table.fitting(job, this.queues[to]!.size);
    if (fitting === 0) {
      return;
    }
    if (from === to && old !== KEPT && random() < IN_PLACE) {
      this.reconfigure(job, fitting, temperature);
      return;
    }
    const partner = old !== KEPT && random() < 0.5 ? this.partner(job, to) : -1;
    if (old === KEPT || old >= fitting || random() < (partner < 0 ? 0.5 : EXCHANGED)) {
      config[job] = this.otherConfig(old, fitting);
    }
    const partnerOld = partner < 0 ? 0 : config[partner]!;
    if (partner >= 0) {
      if (random() < EXCHANGED) {
        config[partner] = this.otherConfig(partnerOld, table.fitting(partner, this.queues[from]!.size));
      }
      this.tryExchange(job, partner);
    } else {
      const least = this.kept[to]! - (old === KEPT && to === from ? 1 : 0);
      const length = this.queues[to]!.jobs.length - (to === from ? 1 : 0);
      this.tryMove(job, to, least + below(random, length - least + 1));
    }
    if (!this.cost.decide(from, to, old === KEPT ? 1 : 0, temperature)) {
      config[job] = old;
      if (partner >= 0) {
        config[partner] = partnerOld;
      }
      return;
    }
    nodeOf[job] = to;
    if (partner >= 0) {
      nodeOf[partner] = from;
    }
    if (old === KEPT) {
      this.kept[from]!--;
    }
  }

  /** Give a job another configuration where it is. */
  private reconfigure(job: number, fitting: number, temperature: number): void {
    const { config, nodeOf, place, queues } = this;
    const node = nodeOf[job]!;
    const old = config[job]!;
    config[job] = this.otherConfig(old, fitting);
    if (config[job] !== old) {
      queues[node]!.tryInstead(place[job]!, job);
      if (!this.cost.decide(node, node, 0, temperature)) {
        config[job] = old;
      }
    }
  }

  /** Exchange jobs from `job` on for as much work of another node. */
  private exchangeStretches(job: number, from: number, to: number, temperature: number): void {
    const { random, queues, kept, nodeOf, place } = this;
    const [a, b] = [queues[from]!, queues[to]!];
    const length = b.jobs.length - kept[to]!;
    if (length === 0) {
      return;
    }
    const p = place[job]!;
    const q = kept[to]! + below(random, length);
    const many = random() < 0.5 ? 1 : 2 + below(random, 3);
    const mine = a.jobs.slice(p, p + many);
    const work = mine.reduce((sum, member) => sum + this.work(member), 0);
    const theirs: number[] = [];
    for (let i = q, sum = 0; i < b.jobs.length && theirs.length < LONGEST_STRETCH; i++) {
      const next = this.work(b.jobs[i]!);
      if (i > q && sum + next / 2 > work) {
        break;
      }
      sum += next;
      theirs.push(b.jobs[i]!);
    }
    if (!this.allFit(mine, b.size) || !this.allFit(theirs, a.size)) {
      return;
    }
    a.tryStretch(p, mine.length, theirs);
    b.tryStretch(q, theirs.length, mine);
    if (this.cost.decide(from, to, 0, temperature)) {
      for (const member of mine) {
        nodeOf[member] = to;
      }
      for (const member of theirs) {
        nodeOf[member] = from;
      }
    }
  }

  /** Device-seconds of a job as it is. */
  private work(job: number): number {
    const index = this.table.first[job]! + this.config[job]!;
    return this.table.devices[index]! * this.table.seconds[index]!;
  }

  private allFit(jobs: number[], size: number): boolean {
    const { table, config } = this;
    return jobs.every(job => table.devices[table.first[job]! + config[job]!]! <= size);
  }

  /** Let a running job that was moved go on where it runs. */
  private keep(job: number, node: number, temperature: number): void {
    const from = this.nodeOf[job]!;
    const old = this.config[job]!;
    this.config[job] = KEPT;
    this.tryMove(job, node, 0);
    if (this.cost.decide(from, node, -1, temperature)) {
      this.nodeOf[job] = node;
      this.kept[node]!++;
    } else {
      this.config[job] = old;
    }
  }

  /** Half of the time a job of the node that ends last. */
  private pick(): number {
    if (this.random() < 0.5) {
      const { jobs } = this.queues[this.latest()]!;
      if (jobs.length > 0) {
        return jobs[below(this.random, jobs.length)]!;
      }
    }
    return below(this.random, this.nodeOf.length);
  }

  private latest(): number {
    const { queues, makespan } = this;
    let node = 0;
    while (queues[node]!.end < makespan) {
      node++;
    }
    return node;
  }

  private otherNode(node: number): number {
    const { length } = this.queues;
    return length === 1 ? node : (node + 1 + below(this.random, length - 1)) % length;
  }

  /** Half of the time the next smaller or larger configuration, else any; one of the first `fitting`. */
  private otherConfig(index: number, fitting: number): number {
    if (index === KEPT || this.random() < 0.5) {
      return below(this.random, fitting);
    }
    const next = index + (this.random() < 0.5 ? 1 : -1);
    return Math.min(fitting - 1, Math.max(0, next));
  }

  /** A job of the node to change places with, such that both fit; -1 when the one drawn does not. */
  private partner(job: number, node: number): number {
    const { table, config } = this;
    const { jobs } = this.queues[node]!;
    const partner = jobs[below(this.random, jobs.length)];
    if (partner === undefined || partner === job || config[partner] === KEPT) {
      return -1;
    }
    const devices = table.devices[table.first[partner]! + config[partner]!]!;
    return devices <= this.queues[this.nodeOf[job]!]!.size ? partner : -1;
  }

  /** Try two jobs in each other's places. */
  private tryExchange(job: number, partner: number): void {
    const { queues, nodeOf, place } = this;
    const from = queues[nodeOf[job]!]!;
    const to = queues[nodeOf[partner]!]!;
    if (from === to) {
      from.trySwap(place[job]!, place[partner]!);
    } else {
      from.tryInstead(place[job]!, partner);
      to.tryInstead(place[partner]!, job);
    }
  }

  /** Try a job at another place, counted without the job itself. */
  private tryMove(job: number, node: number, place: number): void {
    const from = this.queues[this.nodeOf[job]!]!;
    const to = this.queues[node]!;
    if (from === to) {
      from.tryMove(this.place[job]!, place);
    } else {
      from.tryWithout(this.place[job]!);
      to.tryWith(place, job);
    }
  }
}
