import type { Highs } from 'highs';
import type { Plan, PlanBudget } from '../../wire/messages.js';
import { type IShares, raiseByFractions } from '../bounds/fractionalBound.js';
import { raiseBounds } from '../bounds/raiseBounds.js';
import { PROVEN } from '../common/optimalityTolerance.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, realise } from '../schedule/arrangement.js';
import { anneal, FROM_SCRATCH, type ICooling } from './annealing.js';
import { AssignmentPacking, type FoundAssignment } from './assignmentPacking.js';
import { construct } from './construction.js';
import { searchLoneNode } from './loneNode.js';
import { NodeNeighbourhood } from './nodeNeighbourhood.js';
import { packNodes } from './nodePacking.js';
import { SearchBudget } from './searchBudget.js';
import { roundShares, worthOfNodes } from './shareRounding.js';

/** What the search needs and whom it tells. */
export interface IImproveOptions {
  random: Random;
  budget: PlanBudget;
  /** Seconds since the budget began; asked only when it sets seconds. */
  elapsed: () => number;
  /** No plan is shorter, in seconds. */
  bound: number;
  /** Loads HiGHS; without it there are no bounds but the one given, except on a single node. */
  loadHighs?: () => Promise<Highs>;
  /** Told of each plan shorter than all before; the arrangement is not changed afterwards. */
  offer: (method: Plan['method'], arrangement: IArrangement, makespan: number) => void;
  /** Told of each better bound, and of proofs that the last plan offered is the shortest. */
  raise: (bound: number, binding: Plan['binding'], optimal: boolean) => void;
}

/** Share of the budget for the annealing that comes before everything else; less where an exact search follows. */
const FIRST = 0.08;
const FIRST_ALONE = 0.02;

/** Share of the budget of every later annealing at most. */
const ROUND = 0.12;

/** Share of the budget for assigning jobs for one target, and packing them. */
const ASSIGNING = 0.15;

/** Share of the budget for bounds. */
const BOUNDS = 0.25;

/**
 * Share of the budget of an annealing on few nodes, for each job: few jobs are soon frozen in the wrong place, and to
 * start afresh helps more than to cool slowly.
 */
const ROUND_PER_JOB = 0.00125;
const SHORTEST_ROUND = 0.03;

/** Share of the budget of every exact search. */
const EXACT = 0.3;

/** Jobs above which a single node is not searched exactly. */
const EXACT_JOBS = 40;

/** Nodes up to which jobs are assigned to nodes by an integer program. */
const ASSIGNED_NODES = 8;

/**
 * What the integer programs for one target cost in iterations, and the most nodes of their search trees: few when
 * iterations are counted, as many as there is time for with a clock.
 */
const ASSIGNMENT = { iterations: 50_000, nodes: 200, nodesInTime: 100_000 };

/** What one target asked about costs in iterations, while bounds are raised. */
const QUESTION = 5000;

/** For a round that begins with a plan made for a target: less heat than would lose it. */
const REPAIR: ICooling = { hot: 0.05, cold: 0.0025, rounds: 1 };
const ONCE: ICooling = { ...FROM_SCRATCH, rounds: 1 };
/** For rounds that should end elsewhere. */
const HOT: ICooling = { hot: 1, cold: 0.05, rounds: 1 };

/** Where rounds aim, between the bound and the makespan of the best plan. */
const AIMS = [0.3, 0.6, 0.45, 0.15];

/**
 * Better plans and bounds until the budget is used up or they meet: annealing from the start given, from plans
 * constructed for shorter and shorter targets, and from assignments of jobs to nodes that no dual feasible function
 * objects to; on a single node, exact search. With a budget in iterations the same question gives the same answer.
 */
export async function improve(
  problem: IProblem,
  start: IArrangement,
  options: IImproveOptions
): Promise<void> {
  await new Portfolio(problem, start, options).run();
}

class Portfolio {
  private readonly _searchBudget: SearchBudget;
  private _makespan: number;
  private _bound: number;
  /** How jobs would be shared out in fractions, where nodes are of several kinds. */
  private _shares: IShares | undefined;
  /** Per node, what a second of a device is worth; the same everywhere when undefined. */
  private _worth: number[] | undefined;

  constructor(
    private readonly _problem: IProblem,
    private _best: IArrangement,
    private readonly _options: IImproveOptions
  ) {
    this._searchBudget = new SearchBudget(_options.budget, _options.elapsed);
    this._makespan = realise(_problem, _best).makespan;
    this._bound = _options.bound;
  }

  async run(): Promise<void> {
    const { _problem: problem } = this;
    if (this._over()) {
      return;
    }
    const alone = problem.nodes.filter(({ devices }) => devices.length > 0).length === 1;
    const exact = alone && problem.jobs.length <= EXACT_JOBS;
    this._anneal(this._best, exact ? FIRST_ALONE : FIRST, FROM_SCRATCH);
    if (exact) {
      this._searchNode();
    }
    const highs = this._over() ? undefined : await this._options.loadHighs?.();
    if (highs !== undefined) {
      this._raiseBounds(highs, alone ? ROUND : BOUNDS);
    }
    const byJobs = Math.max(SHORTEST_ROUND, ROUND_PER_JOB * problem.jobs.length);
    if (problem.nodes.length > ASSIGNED_NODES && !this._over()) {
      // Many nodes take long to cool.
      if (this._shares === undefined) {
        this._anneal(this._best, 1, ONCE);
      } else {
        this._annealShares(this._shares, Math.min(1, byJobs));
      }
    }
    const packing =
      highs === undefined || alone || problem.nodes.length > ASSIGNED_NODES
        ? undefined
        : new AssignmentPacking(highs, problem);
    const share = alone ? ROUND : Math.min(ROUND, byJobs);
    const cycle = alone ? 3 : 1 + Math.round((4 * ROUND) / share);
    for (let round = 0; !this._over(); round++) {
      const aim = this._bound + AIMS[round % AIMS.length]! * (this._makespan - this._bound);
      if (exact && round % cycle === cycle - 1) {
        this._searchNode();
      } else if (round % cycle === 0) {
        this._anneal(this._best, share, ONCE);
      } else if (packing !== undefined && round % cycle === cycle - 1 && packing.isDue()) {
        this._pack(packing);
      } else if (this._shares !== undefined && round % 4 !== 2) {
        this._annealShares(this._shares, share);
      } else {
        this._anneal(construct(problem, aim).arrangement, share, round % 2 === 0 ? ONCE : HOT);
      }
    }
  }

  private _over(): boolean {
    return this._makespan <= this._bound * (1 + PROVEN) || this._searchBudget.used >= 1;
  }

  /**
   * From fractions made whole on. What takes as long as the best plan is of no use to a shorter one, and on many nodes
   * keeps the search from it; on few the way to it may lead past such plans.
   */
  private _annealShares(shares: IShares, share: number): void {
    const { _problem: problem } = this;
    const below = problem.nodes.length > ASSIGNED_NODES ? this._makespan : Infinity;
    this._anneal(roundShares(problem, shares, this._options.random), share, ONCE, below);
  }

  /** @param below - jobs are not given configurations that take as many seconds or more. */
  private _anneal(start: IArrangement, share: number, cooling: ICooling, below = Infinity): void {
    const guidance = { worth: this._worth, below };
    const neighbourhood = new NodeNeighbourhood(this._problem, start, this._options.random, guidance);
    this._offer('local-search', start, neighbourhood.makespan);
    const limit = this._searchBudget.part(share, this._bound * (1 + PROVEN));
    anneal(
      neighbourhood,
      limit,
      arrangement => this._offer('local-search', arrangement, neighbourhood.makespan),
      cooling
    );
  }

  /** Assign jobs to nodes for a target and pack them there; or learn that this cannot be. */
  private _pack(packing: AssignmentPacking): void {
    const { _searchBudget: searchBudget } = this;
    if (searchBudget.iterationsLeft < ASSIGNMENT.iterations) {
      this._anneal(this._best, 1, ONCE);
      return;
    }
    const packed = packing.run(this._bound, this._makespan, {
      nodes: this._treeNodes,
      budget: searchBudget,
      share: ASSIGNING,
      iterations: ASSIGNMENT.iterations,
      raise: bound => this._raise(bound),
      offer: ({ arrangement, makespan }) => this._offer('packing', arrangement, makespan)
    });
    if (packed !== undefined) {
      this._anneal(packed.arrangement, ROUND / 2, REPAIR);
    }
    packing.learn(this._makespan);
  }

  /** The most nodes of HiGHS's search trees for one target. */
  private get _treeNodes(): number {
    return this._searchBudget.iterationsLeft < Infinity ? ASSIGNMENT.nodes : ASSIGNMENT.nodesInTime;
  }

  /** Bounds that need HiGHS; what they say about who goes where is tried at once. */
  private _raiseBounds(highs: Highs, share: number): void {
    const { _searchBudget: searchBudget, _problem: problem } = this;
    const end = searchBudget.used + share;
    const raise = (bound: number) => {
      this._raise(bound);
      return !this._over();
    };
    const unlike = problem.nodes.some(({ kind }) => kind > 0);
    const onShares = (shares: IShares) => {
      this._shares = unlike ? shares : undefined;
      this._worth = unlike ? worthOfNodes(problem, shares) : undefined;
    };
    if (problem.nodes.length > ASSIGNED_NODES || searchBudget.iterationsLeft < ASSIGNMENT.iterations) {
      raiseByFractions(highs, problem, this._bound, this._makespan, raise, onShares);
      return;
    }
    const found: { assignment: FoundAssignment; target: number }[] = [];
    raiseBounds(highs, problem, {
      makespan: () => this._makespan,
      raise,
      onShares,
      onAssignment: (assignment, target) => found.push({ assignment, target }),
      secondsLeft: () => {
        searchBudget.spend(QUESTION);
        return this._over() || searchBudget.used >= end ? 0 : searchBudget.secondsUntil(end);
      },
      nodes: this._treeNodes
    });
    for (const { assignment, target } of found.slice(-2)) {
      if (!this._over()) {
        const { arrangement, makespan } = packNodes(problem, assignment.nodes, target);
        this._offer('packing', arrangement, makespan);
        this._anneal(arrangement, ROUND / 2, REPAIR);
      }
    }
  }

  private _searchNode(): void {
    const limit = this._searchBudget.part(EXACT, 0);
    const found = searchLoneNode(this._problem, this._best, {
      bound: this._bound,
      makespan: this._makespan,
      states: Math.min(1e9, EXACT * (this._options.budget.iterations ?? Infinity)),
      progress: states => limit.progress(states),
      offer: (arrangement, makespan) => this._offer('exact', arrangement, makespan),
      raise: bound => this._raise(bound)
    });
    if (found.optimal) {
      this._raise(found.bound);
      this._options.raise(found.bound, 'packing', true);
      this._bound = this._makespan;
    }
  }

  private _offer(method: Plan['method'], arrangement: IArrangement, makespan: number): void {
    if (makespan < this._makespan) {
      this._best = arrangement;
      this._makespan = makespan;
      this._options.offer(method, arrangement, makespan);
    }
  }

  private _raise(bound: number): void {
    if (bound > this._bound) {
      this._bound = bound;
      this._options.raise(bound, 'packing', false);
    }
  }
}
