import type { Highs } from 'highs';
import type { Plan, PlanBudget } from '../../wire/generated/types.js';
import { type Assignment, AssignmentSearch, type NoGood } from '../bounds/assignmentSearch.js';
import { raiseByFractions } from '../bounds/fractionalBound.js';
import { raiseBounds } from '../bounds/raiseBounds.js';
import type { Random } from '../common/random.js';
import { packedJobs, packingOf } from '../exact/nodeContents.js';
import { shortestOnNode } from '../exact/nodeOptimum.js';
import type { Problem } from '../problem/problem.js';
import { PROVEN } from '../proof.js';
import { type Arrangement, KEPT, realise } from '../schedule/arrangement.js';
import { anneal, type Cooling, FROM_SCRATCH } from './annealing.js';
import { AssignmentTargets } from './assignmentTargets.js';
import { construct } from './construction.js';
import { NodeWalk } from './nodeNeighbourhood.js';
import { type Packed, pack } from './nodePacking.js';
import { Effort } from './searchBudget.js';

/** What the search needs and whom it tells. */
export interface ImproveOptions {
  random: Random;
  budget: PlanBudget;
  /** Seconds since the budget began; asked only when it sets seconds. */
  elapsed: () => number;
  /** No plan is shorter, in seconds. */
  bound: number;
  /** Loads HiGHS; without it there are no bounds but the one given, except on a single node. */
  loadHighs?: () => Promise<Highs>;
  /** Told of each plan shorter than all before; the arrangement is not changed afterwards. */
  offer: (method: Plan['method'], arrangement: Arrangement, makespan: number) => void;
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
const REPAIR: Cooling = { hot: 0.05, cold: 0.0025, rounds: 1 };
const ONCE: Cooling = { ...FROM_SCRATCH, rounds: 1 };
/** For rounds that should end elsewhere. */
const HOT: Cooling = { hot: 1, cold: 0.05, rounds: 1 };

/** Where rounds aim, between the bound and the makespan of the best plan. */
const AIMS = [0.3, 0.6, 0.45, 0.15];

/**
 * Better plans and bounds until the budget is used up or they meet: annealing from the start given, from plans
 * constructed for shorter and shorter targets, and from assignments of jobs to nodes that no dual feasible function
 * objects to; on a single node, exact search. With a budget in iterations the same question gives the same answer.
 */
export async function improve(problem: Problem, start: Arrangement, options: ImproveOptions): Promise<void> {
  await new Portfolio(problem, start, options).run();
}

type Found = Extract<Assignment, { status: 'found' }>;

class Portfolio {
  private readonly effort: Effort;
  private makespan: number;
  private bound: number;
  private readonly targets = new AssignmentTargets();
  /** What is proven not to be done on one node before a target. */
  private readonly noGoods: (NoGood & { target: number })[] = [];

  constructor(
    private readonly problem: Problem,
    private best: Arrangement,
    private readonly options: ImproveOptions
  ) {
    this.effort = new Effort(options.budget, options.elapsed);
    this.makespan = realise(problem, best).makespan;
    this.bound = options.bound;
  }

  async run(): Promise<void> {
    const { problem } = this;
    if (this.over()) {
      return;
    }
    const alone = problem.nodes.filter(({ devices }) => devices.length > 0).length === 1;
    const exact = alone && problem.jobs.length <= EXACT_JOBS;
    this.anneal(this.best, exact ? FIRST_ALONE : FIRST, FROM_SCRATCH);
    if (exact) {
      this.searchNode();
    }
    const highs = this.over() ? undefined : await this.options.loadHighs?.();
    if (highs !== undefined) {
      this.raiseBounds(highs, alone ? ROUND : BOUNDS);
    }
    if (problem.nodes.length > ASSIGNED_NODES && !this.over()) {
      // Many nodes take long to cool.
      this.anneal(this.best, 1, ONCE);
    }
    const assignments =
      highs === undefined || alone || problem.nodes.length > ASSIGNED_NODES
        ? undefined
        : new AssignmentSearch(highs, problem);
    const byJobs = Math.max(SHORTEST_ROUND, ROUND_PER_JOB * problem.jobs.length);
    const share = alone ? ROUND : Math.min(ROUND, byJobs);
    const cycle = alone ? 3 : 1 + Math.round((4 * ROUND) / share);
    for (let round = 0; !this.over(); round++) {
      const aim = this.bound + AIMS[round % AIMS.length]! * (this.makespan - this.bound);
      if (exact && round % cycle === cycle - 1) {
        this.searchNode();
      } else if (round % cycle === 0) {
        this.anneal(this.best, share, ONCE);
      } else if (assignments !== undefined && round % cycle === cycle - 1) {
        this.pack(assignments);
      } else {
        this.anneal(construct(problem, aim).arrangement, share, round % 2 === 0 ? ONCE : HOT);
      }
    }
  }

  private over(): boolean {
    return this.makespan <= this.bound * (1 + PROVEN) || this.effort.used >= 1;
  }

  private anneal(start: Arrangement, share: number, cooling: Cooling): void {
    const walk = new NodeWalk(this.problem, start, this.options.random);
    this.offer('local-search', start, walk.makespan);
    const limit = this.effort.part(share, this.bound * (1 + PROVEN));
    anneal(walk, limit, arrangement => this.offer('local-search', arrangement, walk.makespan), cooling);
  }

  /** Assign jobs to nodes for a target and pack them there; or learn that this cannot be. */
  private pack(assignments: AssignmentSearch): void {
    const { effort } = this;
    if (effort.iterationsLeft < ASSIGNMENT.iterations) {
      this.anneal(this.best, 1, ONCE);
      return;
    }
    const target = this.targets.next(this.bound, this.makespan);
    const end = effort.used + ASSIGNING;
    let packed: Packed | undefined;
    let status: Assignment['status'];
    do {
      effort.spend(ASSIGNMENT.iterations);
      const limit = { nodes: this.treeNodes, secondsLeft: () => effort.secondsUntil(Math.min(1, end)) };
      const known = this.noGoods.filter(noGood => noGood.target >= target);
      const answer = assignments.find(target, limit, known);
      ({ status } = answer);
      if (answer.status === 'infeasible') {
        this.raise(target);
      }
      if (answer.status !== 'found') {
        break;
      }
      const next = this.packed(answer, target);
      packed = packed === undefined || next.makespan < packed.makespan ? next : packed;
    } while (this.makespan > target && effort.used < end);
    if (packed !== undefined) {
      this.anneal(packed.arrangement, ROUND / 2, REPAIR);
    }
    if (this.makespan <= target) {
      this.targets.met();
    } else if (packed !== undefined) {
      this.targets.missed(target);
    } else if (status === 'unknown') {
      this.targets.tooHard(target);
    }
  }

  /** The most nodes of HiGHS's search trees for one target. */
  private get treeNodes(): number {
    return this.effort.iterationsLeft < Infinity ? ASSIGNMENT.nodes : ASSIGNMENT.nodesInTime;
  }

  /** Pack jobs on the nodes they are assigned to, and remember what does not fit together. */
  private packed({ nodes, batches }: Found, target: number): Packed {
    const packed = pack(this.problem, nodes, target);
    this.offer('packing', packed.arrangement, packed.makespan);
    for (const [node, overfull] of packed.overfull.entries()) {
      if (overfull) {
        this.noGoods.push({ node, batches: batches[node]!, target });
      }
    }
    return packed;
  }

  /** Bounds that need HiGHS; what they say about who goes where is tried at once. */
  private raiseBounds(highs: Highs, share: number): void {
    const { effort, problem } = this;
    const end = effort.used + share;
    const raise = (bound: number) => {
      this.raise(bound);
      return !this.over();
    };
    if (problem.nodes.length > ASSIGNED_NODES || effort.iterationsLeft < ASSIGNMENT.iterations) {
      raiseByFractions(highs, problem, this.bound, this.makespan, raise);
      return;
    }
    const found: { assignment: Found; target: number }[] = [];
    raiseBounds(highs, problem, {
      makespan: () => this.makespan,
      raise,
      onAssignment: (assignment, target) => found.push({ assignment, target }),
      secondsLeft: () => {
        effort.spend(QUESTION);
        return this.over() || effort.used >= end ? 0 : effort.secondsUntil(end);
      },
      nodes: this.treeNodes
    });
    for (const { assignment, target } of found.slice(-2)) {
      if (!this.over()) {
        this.anneal(this.packed(assignment, target).arrangement, ROUND / 2, REPAIR);
      }
    }
  }

  private searchNode(): void {
    const { problem, effort } = this;
    const node = problem.nodes.findIndex(({ devices }) => devices.length > 0);
    const packing = packingOf(
      problem,
      node,
      problem.jobs.map((_, job) => job)
    );
    const limit = effort.part(EXACT, 0);
    let nodes = 0;
    const found = shortestOnNode(
      packing.problem,
      this.bound,
      this.makespan,
      {
        nodes: Math.min(1e9, EXACT * (this.options.budget.iterations ?? Infinity)),
        stop: () => limit.progress(nodes) >= 1
      },
      {
        onPlan: plan => {
          const config = [...this.best.config];
          const queues: number[][] = problem.nodes.map(() => []);
          for (const packed of packedJobs(packing, plan)) {
            config[packed.job] = packed.config;
            if (packed.config !== KEPT) {
              queues[node]!.push(packed.job);
            }
          }
          this.offer('exact', { config, queues }, plan.makespan);
        },
        onBound: bound => this.raise(bound)
      }
    );
    nodes = found.nodes;
    limit.progress(nodes);
    if (found.optimal) {
      this.raise(found.bound);
      this.options.raise(found.bound, 'packing', true);
      this.bound = this.makespan;
    }
  }

  private offer(method: Plan['method'], arrangement: Arrangement, makespan: number): void {
    if (makespan < this.makespan) {
      this.best = arrangement;
      this.makespan = makespan;
      this.options.offer(method, arrangement, makespan);
    }
  }

  private raise(bound: number): void {
    if (bound > this.bound) {
      this.bound = bound;
      this.options.raise(bound, 'packing', false);
    }
  }
}
