import { below, type Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT } from '../schedule/arrangement.js';
import type { INeighbourhood } from './annealing.js';
import { JobTable, otherConfig } from './jobTable.js';
import { type INodeGuidance, NodeCost } from './nodeCost.js';
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
 * The neighbourhood of an arrangement: change a job's configuration, its place in its node's queue, or its node; exchange a
 * stretch of one queue for one of another with about as much work, so that big jobs can change places with many small
 * ones at once; move a running job or let it go on. What is minimised is said in {@link NodeCost}.
 */
export class NodeNeighbourhood implements INeighbourhood<IArrangement> {
  private readonly _cost: NodeCost;
  private readonly _table: JobTable;
  private readonly _config: Int32Array;
  private readonly _nodeOf: Int32Array;
  /** Per job, its index in its node's queue. */
  private readonly _place: Int32Array;
  private readonly _queues: NodeQueue[];
  /** Per node, how many of its jobs go on where they run. */
  private readonly _kept: Int32Array;

  constructor(
    private readonly _problem: IProblem,
    start: IArrangement,
    private readonly _random: Random,
    { worth, below }: INodeGuidance = {}
  ) {
    const { jobs, nodes } = _problem;
    this._table = new JobTable(_problem, below);
    this._config = new Int32Array(jobs.length);
    this._nodeOf = new Int32Array(jobs.length);
    this._place = new Int32Array(jobs.length);
    this._kept = new Int32Array(nodes.length);
    this._queues = nodes.map(({ freeAt }) => new NodeQueue(freeAt, this._table, this._config, this._place));
    this._cost = new NodeCost(this._queues, _problem.deviceCount, _random, worth);
    this.restore(start);
    this._cost.priceSwitches();
  }

  get makespan(): number {
    return this._cost.makespan;
  }

  get size(): number {
    return this._nodeOf.length;
  }

  /** The makespan; a trifle more for every running job that is moved. */
  get score(): number {
    return this._cost.score;
  }

  snapshot(): IArrangement {
    return {
      config: [...this._config],
      queues: this._queues.map(({ jobs }, node) => jobs.slice(this._kept[node]))
    };
  }

  restore({ config, queues }: IArrangement): void {
    this._config.set(config);
    this._kept.fill(0);
    let switches = 0;
    for (const { tail } of this._queues) {
      tail.length = 0;
    }
    for (const [job, { current }] of this._problem.jobs.entries()) {
      if (config[job] === KEPT) {
        this._nodeOf[job] = current!.node;
        this._kept[current!.node]!++;
        this._queues[current!.node]!.tail.push(job);
      } else if (current !== undefined) {
        switches++;
      }
    }
    for (const [node, queue] of this._queues.entries()) {
      for (const job of queues[node]!) {
        this._nodeOf[job] = node;
        queue.tail.push(job);
      }
      queue.tryTail(0);
      queue.accept();
    }
    this._cost.restart(switches);
  }

  step(temperature: number): void {
    const { _random: random, _nodeOf: nodeOf, _table: table, _config: config } = this;
    const job = this._pick();
    const from = nodeOf[job]!;
    const old = config[job]!;
    const { current } = this._problem.jobs[job]!;
    if (current !== undefined && old !== KEPT && random() < 0.3) {
      this._keep(job, current.node, temperature);
      return;
    }
    const to = random() < 0.5 ? from : this._otherNode(from);
    if (from !== to && old !== KEPT && random() < STRETCHES) {
      this._exchangeStretches(job, from, to, temperature);
      return;
    }
    const front = table.frontOn(job, to);
    if (front.length === 0) {
      return;
    }
    if (from === to && old !== KEPT && random() < IN_PLACE) {
      this._reconfigure(job, front, temperature);
      return;
    }
    const partner = old !== KEPT && random() < 0.5 ? this._partner(job, to) : -1;
    const same = old === KEPT ? KEPT : table.onNode(job, old, to);
    const changes = same === KEPT || random() < (partner < 0 ? 0.5 : EXCHANGED);
    config[job] = changes ? otherConfig(random, same, front) : same;
    const partnerOld = partner < 0 ? 0 : config[partner]!;
    if (partner >= 0) {
      const alike = table.onNode(partner, partnerOld, from);
      const other = random() < EXCHANGED;
      config[partner] = other ? otherConfig(this._random, alike, table.frontOn(partner, from)) : alike;
      this._tryExchange(job, partner);
    } else {
      const least = this._kept[to]! - (old === KEPT && to === from ? 1 : 0);
      const length = this._queues[to]!.jobs.length - (to === from ? 1 : 0);
      this._tryMove(job, to, least + below(random, length - least + 1));
    }
    if (!this._cost.decide(from, to, old === KEPT ? 1 : 0, temperature)) {
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
      this._kept[from]!--;
    }
  }

  /** Give a job another configuration where it is. */
  private _reconfigure(job: number, front: Int32Array, temperature: number): void {
    const { _config: config, _nodeOf: nodeOf, _place: place, _queues: queues } = this;
    const node = nodeOf[job]!;
    const old = config[job]!;
    config[job] = otherConfig(this._random, old, front);
    if (config[job] !== old) {
      queues[node]!.tryInstead(place[job]!, job);
      if (!this._cost.decide(node, node, 0, temperature)) {
        config[job] = old;
      }
    }
  }

  /** Exchange jobs from `job` on for as much work of another node. */
  private _exchangeStretches(job: number, from: number, to: number, temperature: number): void {
    const { _random: random, _queues: queues, _kept: kept, _nodeOf: nodeOf, _place: place } = this;
    const [a, b] = [queues[from]!, queues[to]!];
    const length = b.jobs.length - kept[to]!;
    if (length === 0) {
      return;
    }
    const p = place[job]!;
    const q = kept[to]! + below(random, length);
    const many = random() < 0.5 ? 1 : 2 + below(random, 3);
    const mine = a.jobs.slice(p, p + many);
    const work = mine.reduce((sum, member) => sum + this._table.work(member, this._config[member]!), 0);
    const theirs: number[] = [];
    for (let i = q, sum = 0; i < b.jobs.length && theirs.length < LONGEST_STRETCH; i++) {
      const next = this._table.work(b.jobs[i]!, this._config[b.jobs[i]!]!);
      if (i > q && sum + next / 2 > work) {
        break;
      }
      sum += next;
      theirs.push(b.jobs[i]!);
    }
    const members = this._table.areAlike(from, to) ? [] : [...mine, ...theirs];
    const before = members.map(member => this._config[member]!);
    const fits = members.length === 0 || (this._carry(mine, to) && this._carry(theirs, from));
    if (fits) {
      a.tryStretch(p, mine.length, theirs);
      b.tryStretch(q, theirs.length, mine);
    }
    if (!fits || !this._cost.decide(from, to, 0, temperature)) {
      for (const [i, member] of members.entries()) {
        this._config[member] = before[i]!;
      }
      return;
    }
    for (const member of mine) {
      nodeOf[member] = to;
    }
    for (const member of theirs) {
      nodeOf[member] = from;
    }
  }

  /** Give jobs what they run as on another node; false, with some of it done, when one cannot. */
  private _carry(jobs: number[], node: number): boolean {
    const { _table: table, _config: config } = this;
    return jobs.every(job => {
      config[job] = table.onNode(job, config[job]!, node);
      return config[job] !== KEPT;
    });
  }

  /** Let a running job that was moved go on where it runs. */
  private _keep(job: number, node: number, temperature: number): void {
    const from = this._nodeOf[job]!;
    const old = this._config[job]!;
    this._config[job] = KEPT;
    this._tryMove(job, node, 0);
    if (this._cost.decide(from, node, -1, temperature)) {
      this._nodeOf[job] = node;
      this._kept[node]!++;
    } else {
      this._config[job] = old;
    }
  }

  /** Half of the time a job of the node that ends last. */
  private _pick(): number {
    if (this._random() < 0.5) {
      const { jobs } = this._queues[this._latest()]!;
      if (jobs.length > 0) {
        return jobs[below(this._random, jobs.length)]!;
      }
    }
    return below(this._random, this._nodeOf.length);
  }

  private _latest(): number {
    const { _queues: queues, makespan } = this;
    let node = 0;
    while (queues[node]!.end < makespan) {
      node++;
    }
    return node;
  }

  private _otherNode(node: number): number {
    const { length } = this._queues;
    return length === 1 ? node : (node + 1 + below(this._random, length - 1)) % length;
  }

  /** A job of the node to change places with, such that both fit; -1 when the one drawn does not. */
  private _partner(job: number, node: number): number {
    const { _table: table, _config: config } = this;
    const { jobs } = this._queues[node]!;
    const partner = jobs[below(this._random, jobs.length)];
    if (partner === undefined || partner === job || config[partner] === KEPT) {
      return -1;
    }
    return table.onNode(partner, config[partner]!, this._nodeOf[job]!) === KEPT ? -1 : partner;
  }

  /** Try two jobs in each other's places. */
  private _tryExchange(job: number, partner: number): void {
    const { _queues: queues, _nodeOf: nodeOf, _place: place } = this;
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
  private _tryMove(job: number, node: number, place: number): void {
    const from = this._queues[this._nodeOf[job]!]!;
    const to = this._queues[node]!;
    if (from === to) {
      from.tryMove(this._place[job]!, place);
    } else {
      from.tryWithout(this._place[job]!);
      to.tryWith(place, job);
    }
  }
}
