import type { Random } from '../common/random.js';
import type { NodeQueue } from './nodeQueue.js';

/** How much the mean time at which devices become free weighs against the makespan. */
const WASTE = 1;

/** What a running job's leaving its devices costs, as a share of the makespan: of equal plans the quieter one. */
const SWITCH = 1e-6;

/**
 * Nodes from which on the latest says too little about the others: instead of the makespan, all time beyond a target
 * a little below the shortest makespan so far is minimised.
 */
const MANY_NODES = 9;
const BELOW = 0.004;

/**
 * What a walk over the queues of nodes minimises: the makespan plus the mean time at which devices become free, so that
 * waste squeezed out of any node counts long before it shows in the makespan.
 */
export class NodeCost {
  makespan = 0;
  private cost = 0;
  private spent = 0;
  private switches = 0;
  private switchCost = 0;
  /** Where nodes should end; 0 when there are few, which leaves the makespan to be minimised. */
  private target = 0;

  constructor(
    private readonly queues: NodeQueue[],
    private readonly deviceCount: number,
    private readonly random: Random
  ) {}

  /** The makespan; a trifle more for every running job that is moved. */
  get score(): number {
    return this.makespan + this.switches * this.switchCost;
  }

  /** Let switches cost their share of the present makespan. */
  priceSwitches(): void {
    this.switchCost = SWITCH * this.makespan;
  }

  /** Take the queues as they are. */
  restart(switches: number): void {
    this.makespan = 0;
    this.spent = 0;
    this.switches = switches;
    for (const { end, spent } of this.queues) {
      this.makespan = Math.max(this.makespan, end);
      this.spent += spent;
    }
    this.aim();
  }

  /**
   * Take over the queues under trial when that is better, or by luck when it is worse; else leave them.
   *
   * @param a - the first node with a queue under trial.
   * @param b - the other, or the same.
   * @param switched - how many more running jobs are moved than before.
   */
  decide(a: number, b: number, switched: number, temperature: number): boolean {
    const { queues, target } = this;
    const [from, to] = [queues[a]!, queues[b]!];
    let spent = this.spent + from.trialSpent - from.spent;
    if (a !== b) {
      spent += to.trialSpent - to.spent;
    }
    let makespan = 0;
    let excess = 0;
    for (let node = 0; node < queues.length; node++) {
      const queue = queues[node]!;
      const end = node === a || node === b ? queue.trialEnd : queue.end;
      if (end > makespan) {
        makespan = end;
      }
      if (end > target) {
        excess += end - target;
      }
    }
    const switches = this.switches + switched;
    const cost = this.costOf(target > 0 ? excess : makespan, spent, switches);
    const worse = cost - this.cost;
    if (worse > 0 && this.random() >= Math.exp(-worse / temperature)) {
      return false;
    }
    from.accept();
    if (a !== b) {
      to.accept();
    }
    this.makespan = makespan;
    this.spent = spent;
    this.switches = switches;
    this.cost = cost;
    if (target > 0 && makespan * (1 - BELOW) < target) {
      this.aim();
    }
    return true;
  }

  /** Set the target below the current makespan. */
  private aim(): void {
    const { queues, makespan } = this;
    this.target = queues.length < MANY_NODES ? 0 : makespan * (1 - BELOW);
    const excess = queues.reduce((sum, { end }) => sum + Math.max(0, end - this.target), 0);
    this.cost = this.costOf(this.target > 0 ? excess : makespan, this.spent, this.switches);
  }

  private costOf(late: number, spent: number, switches: number): number {
    return late + (WASTE * spent) / this.deviceCount + switches * this.switchCost;
  }
}
