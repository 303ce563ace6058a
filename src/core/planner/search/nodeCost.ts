import type { Random } from '../common/random.js';
import type { NodeQueue } from './nodeQueue.js';

/**
 * How much the mean time at which devices become free weighs against the makespan; more where devices are told apart, as
 * then it says most of who goes where.
 */
const WASTE = 1;
const WASTE_UNLIKE = 2;

/** What a running job's leaving its devices costs, as a share of the makespan: of equal plans the quieter one. */
const SWITCH = 1e-6;

/**
 * Nodes from which on the latest says too little about the others, as it does sooner where they are unlike: instead of
 * the makespan, all time beyond a target a little below the shortest makespan so far is minimised.
 */
const MANY_NODES = 9;
const BELOW = 0.004;

/** What is known of good arrangements before they are searched for. */
export interface INodeGuidance {
  /** Per node, what a second of a device is worth, 1 on average; the same everywhere when undefined. */
  worth?: readonly number[] | undefined;
  /** Jobs are not given configurations that take as many seconds or more. */
  below?: number;
}

/**
 * What the search over the queues of nodes minimises: the makespan plus the mean time at which devices become free, so that
 * waste squeezed out of any node counts long before it shows in the makespan.
 */
export class NodeCost {
  makespan = 0;
  private _cost = 0;
  private _spent = 0;
  private _switches = 0;
  private _switchCost = 0;
  /** Where nodes should end; 0 when there are few alike, which leaves the makespan to be minimised. */
  private _target = 0;

  /**
   * @_worth _worth - per node, what a second of a device is worth, 1 on average; the same everywhere when undefined.
   */
  constructor(
    private readonly _queues: NodeQueue[],
    private readonly _deviceCount: number,
    private readonly _random: Random,
    private readonly _worth: readonly number[] | undefined
  ) {}

  /** The makespan; a trifle more for every running job that is moved. */
  get score(): number {
    return this.makespan + this._switches * this._switchCost;
  }

  /** Let switches cost their share of the present makespan. */
  priceSwitches(): void {
    this._switchCost = SWITCH * this.makespan;
  }

  /** Take the queues as they are. */
  restart(switches: number): void {
    this.makespan = 0;
    this._spent = 0;
    this._switches = switches;
    for (const [node, { end, spent }] of this._queues.entries()) {
      this.makespan = Math.max(this.makespan, end);
      this._spent += spent * this._worthOf(node);
    }
    this._aim();
  }

  /**
   * Take over the queues under trial when that is better, or by luck when it is worse; else leave them.
   *
   * @param a - the first node with a queue under trial.
   * @param b - the other, or the same.
   * @param switched - how many more running jobs are moved than before.
   */
  decide(a: number, b: number, switched: number, temperature: number): boolean {
    const { _queues: queues, _target: target } = this;
    const [from, to] = [queues[a]!, queues[b]!];
    let spent = this._spent + (from.trialSpent - from.spent) * this._worthOf(a);
    if (a !== b) {
      spent += (to.trialSpent - to.spent) * this._worthOf(b);
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
    const switches = this._switches + switched;
    const cost = this._costOf(target > 0 ? excess : makespan, spent, switches);
    const worse = cost - this._cost;
    if (worse > 0 && this._random() >= Math.exp(-worse / temperature)) {
      return false;
    }
    from.accept();
    if (a !== b) {
      to.accept();
    }
    this.makespan = makespan;
    this._spent = spent;
    this._switches = switches;
    this._cost = cost;
    if (target > 0 && makespan * (1 - BELOW) < target) {
      this._aim();
    }
    return true;
  }

  /** Set the target below the current makespan. */
  private _aim(): void {
    const { _queues: queues, makespan } = this;
    const few = this._worth === undefined && queues.length < MANY_NODES;
    this._target = few ? 0 : makespan * (1 - BELOW);
    const excess = queues.reduce((sum, { end }) => sum + Math.max(0, end - this._target), 0);
    this._cost = this._costOf(this._target > 0 ? excess : makespan, this._spent, this._switches);
  }

  private _worthOf(node: number): number {
    return this._worth === undefined ? 1 : this._worth[node]!;
  }

  private _costOf(late: number, spent: number, switches: number): number {
    const waste = this._worth === undefined ? WASTE : WASTE_UNLIKE;
    return late + (waste * spent) / this._deviceCount + switches * this._switchCost;
  }
}
