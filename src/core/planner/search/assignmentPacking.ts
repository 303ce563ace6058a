import type { Highs } from 'highs';
import { type Assignment, AssignmentSearch, type INoGood } from '../bounds/assignmentSearch.js';
import type { IProblem } from '../problem/problem.js';
import { AssignmentTargets } from './assignmentTargets.js';
import { type IPackedNodes, packNodes } from './nodePacking.js';
import type { SearchBudget } from './searchBudget.js';

/** From so many programs in a row without an answer on, each is waited for twice as long as the one before. */
const PATIENT = 2;

export type FoundAssignment = Extract<Assignment, { status: 'found' }>;

/** How long one target is worked at, and whom to tell. */
export interface IPackingLimit {
  /** Nodes of HiGHS's search trees. */
  nodes: number;
  budget: SearchBudget;
  /** Share of the budget for one target. */
  share: number;
  /** What one integer program costs in iterations. */
  iterations: number;
  /** Told of bounds, in seconds. */
  raise(bound: number): void;
  offer(packed: IPackedNodes): void;
}

/**
 * Logic-based Benders decomposition: an integer program assigns jobs to nodes for a target, exact search packs each
 * node, and what does not fit is forbidden to the next program. Where programs end without an answer, as they do on
 * nodes that are unlike, they are asked less and less often.
 */
export class AssignmentPacking {
  private readonly _assignments: AssignmentSearch;
  private readonly _targets = new AssignmentTargets();
  /** What is proven not to be done on one node before a target. */
  private readonly _noGoods: (INoGood & { target: number })[] = [];
  private _target = 0;
  private _outcome: 'packed' | Assignment['status'] = 'unknown';
  /** Times in a row that there was no answer, and turns to let pass for that. */
  private _unanswered = 0;
  private _pause = 0;

  constructor(
    highs: Highs,
    private readonly _problem: IProblem
  ) {
    this._assignments = new AssignmentSearch(highs, _problem);
  }

  /** Whether it is worth a try; asked at each turn. */
  isDue(): boolean {
    return this._pause-- <= 0;
  }

  /**
   * Work at the next target between a bound and the makespan of the best plan.
   *
   * @returns the shortest of what was packed, whether or not it meets the target.
   */
  run(bound: number, makespan: number, limit: IPackingLimit): IPackedNodes | undefined {
    const { budget } = limit;
    const target = this._targets.next(bound, makespan);
    const end = budget.used + limit.share;
    let packed: IPackedNodes | undefined;
    this._target = target;
    do {
      budget.spend(limit.iterations);
      const within = {
        nodes: limit.nodes,
        secondsLeft: () => budget.secondsUntil(Math.min(1, end))
      };
      const known = this._noGoods.filter(noGood => noGood.target >= target);
      const answer = this._assignments.find(target, within, known);
      this._outcome = packed === undefined ? answer.status : 'packed';
      if (answer.status === 'infeasible') {
        limit.raise(target);
      }
      if (answer.status !== 'found') {
        break;
      }
      const next = packNodes(this._problem, answer.nodes, target);
      limit.offer(next);
      for (const [node, overfull] of next.overfull.entries()) {
        if (overfull) {
          this._noGoods.push({ node, batches: answer.batches[node]!, target });
        }
      }
      packed = packed === undefined || next.makespan < packed.makespan ? next : packed;
      this._outcome = 'packed';
    } while (packed.makespan > target && budget.used < end);
    return packed;
  }

  /** Take in how short the best plan has become since the last {@link run}. */
  learn(makespan: number): void {
    if (makespan <= this._target) {
      this._targets.met();
    } else if (this._outcome === 'packed') {
      this._targets.missed(this._target);
    } else if (this._outcome === 'unknown') {
      this._targets.tooHard(this._target);
    }
    this._unanswered = this._outcome === 'unknown' ? this._unanswered + 1 : 0;
    this._pause = this._unanswered < PATIENT ? 0 : 2 ** (this._unanswered - PATIENT + 1) - 1;
  }
}
