import type { Highs } from 'highs';
import type { Plan, PlanBudget } from '../../wire/messages.js';
import { type Assignment, AssignmentSearch, type INoGood } from '../bounds/assignmentSearch.js';
import { type IShares, raiseByFractions } from '../bounds/fractionalBound.js';
import { raiseBounds } from '../bounds/raiseBounds.js';
import { PROVEN } from '../common/optimalityTolerance.js';
import type { Random } from '../common/random.js';
import { jobsInOrder, nodeContents } from '../exact/nodeContents.js';
import { shortestOnNode } from '../exact/nodeOptimum.js';
import type { IProblem } from '../problem/problem.js';
import { type IArrangement, KEPT, realise } from '../schedule/arrangement.js';
import { anneal, FROM_SCRATCH, type ICooling } from './annealing.js';
import { AssignmentTargets } from './assignmentTargets.js';
import { construct } from './construction.js';
import { NodeNeighbourhood } from './nodeNeighbourhood.js';
import { type IPackedNodes, packNodes } from './nodePacking.js';
import { SearchBudget } from './searchBudget.js';
import { roundShares } from './shareRounding.js';

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

type Found = Extract<Assignment, { status: 'found' }>;

class Portfolio {
  private readonly _searchBudget: SearchBudget;
  private _makespan: number;
  private _bound: number;
  /** How jobs would be shared out in fractions, where nodes are of several kinds. */
  private _shares: IShares | undefined;
  private readonly _targets = new AssignmentTargets();
  /** What is proven not to be done on one node before a target. */
  private readonly _noGoods: (INoGood & { target: number })[] = [];

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
    if (problem.nodes.length > ASSIGNED_NODES && !this._over()) {
      // Many nodes take long to cool.
      this._anneal(this._best, 1, ONCE);
    }
    const assignments =
      highs === undefined || alone || problem.nodes.length > ASSIGNED_NODES
        ? undefined
        : new AssignmentSearch(highs, problem);
    const byJobs = Math.max(SHORTEST_ROUND, ROUND_PER_JOB * problem.jobs.length);
    const share = alone ? ROUND : Math.min(ROUND, byJobs);
    const cycle = alone ? 3 : 1 + Math.round((4 * ROUND) / share);
    for (let round = 0; !this._over(); round++) {
      const aim = this._bound + AIMS[round % AIMS.length]! * (this._makespan - this._bound);
      if (exact && round % cycle === cycle - 1) {
        this._searchNode();
      } else if (round % cycle === 0) {
        this._anneal(this._best, share, ONCE);
      } else if (assignments !== undefined && round % cycle === cycle - 1) {
        this._pack(assignments);
      } else if (this._shares !== undefined && round % 4 !== 2) {
        this._anneal(roundShares(problem, this._shares, this._options.random), share, ONCE);
      } else {
        this._anneal(construct(problem, aim).arrangement, share, round % 2 === 0 ? ONCE : HOT);
      }
    }
  }

  private _over(): boolean {
    return this._makespan <= this._bound * (1 + PROVEN) || this._searchBudget.used >= 1;
  }

  private _anneal(start: IArrangement, share: number, cooling: ICooling): void {
    const neighbourhood = new NodeNeighbourhood(this._problem, start, this._options.random);
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
  private _pack(assignments: AssignmentSearch): void {
    const { _searchBudget: searchBudget } = this;
    if (searchBudget.iterationsLeft < ASSIGNMENT.iterations) {
      this._anneal(this._best, 1, ONCE);
      return;
    }
    const target = this._targets.next(this._bound, this._makespan);
    const end = searchBudget.used + ASSIGNING;
    let packed: IPackedNodes | undefined;
    let status: Assignment['status'];
    do {
      searchBudget.spend(ASSIGNMENT.iterations);
      const limit = {
        nodes: this._treeNodes,
        secondsLeft: () => searchBudget.secondsUntil(Math.min(1, end))
      };
      const known = this._noGoods.filter(noGood => noGood.target >= target);
      const answer = assignments.find(target, limit, known);
      ({ status } = answer);
      if (answer.status === 'infeasible') {
        this._raise(target);
      }
      if (answer.status !== 'found') {
        break;
      }
      const next = this._packed(answer, target);
      packed = packed === undefined || next.makespan < packed.makespan ? next : packed;
    } while (this._makespan > target && searchBudget.used < end);
    if (packed !== undefined) {
      this._anneal(packed.arrangement, ROUND / 2, REPAIR);
    }
    if (this._makespan <= target) {
      this._targets.met();
    } else if (packed !== undefined) {
      this._targets.missed(target);
    } else if (status === 'unknown') {
      this._targets.tooHard(target);
    }
  }

  /** The most nodes of HiGHS's search trees for one target. */
  private get _treeNodes(): number {
    return this._searchBudget.iterationsLeft < Infinity ? ASSIGNMENT.nodes : ASSIGNMENT.nodesInTime;
  }

  /** Pack jobs on the nodes they are assigned to, and remember what does not fit together. */
  private _packed({ nodes, batches }: Found, target: number): IPackedNodes {
    const packed = packNodes(this._problem, nodes, target);
    this._offer('packing', packed.arrangement, packed.makespan);
    for (const [node, overfull] of packed.overfull.entries()) {
      if (overfull) {
        this._noGoods.push({ node, batches: batches[node]!, target });
      }
    }
    return packed;
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
    };
    if (problem.nodes.length > ASSIGNED_NODES || searchBudget.iterationsLeft < ASSIGNMENT.iterations) {
      raiseByFractions(highs, problem, this._bound, this._makespan, raise, onShares);
      return;
    }
    const found: { assignment: Found; target: number }[] = [];
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
        this._anneal(this._packed(assignment, target).arrangement, ROUND / 2, REPAIR);
      }
    }
  }

  private _searchNode(): void {
    const { _problem: problem, _searchBudget: searchBudget } = this;
    const node = problem.nodes.findIndex(({ devices }) => devices.length > 0);
    const packing = nodeContents(
      problem,
      node,
      problem.jobs.map((_, job) => job)
    );
    const limit = searchBudget.part(EXACT, 0);
    let nodes = 0;
    const found = shortestOnNode(
      packing.problem,
      this._bound,
      this._makespan,
      {
        nodes: Math.min(1e9, EXACT * (this._options.budget.iterations ?? Infinity)),
        stop: () => limit.progress(nodes) >= 1
      },
      {
        onPlan: plan => {
          const config = [...this._best.config];
          const queues: number[][] = problem.nodes.map(() => []);
          for (const packed of jobsInOrder(packing, plan)) {
            config[packed.job] = packed.config;
            if (packed.config !== KEPT) {
              queues[node]!.push(packed.job);
            }
          }
          this._offer('exact', { config, queues }, plan.makespan);
        },
        onBound: bound => this._raise(bound)
      }
    );
    nodes = found.nodes;
    limit.progress(nodes);
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
