import type { Highs } from 'highs';
import type { Plan } from '../../wire/messages.js';
import type { IProblem } from '../problem/problem.js';
import { lowerBound } from './areaBound.js';
import { type Assignment, AssignmentSearch } from './assignmentSearch.js';
import { type IShares, raiseByFractions } from './fractionalBound.js';

/** What a search for better bounds is told, and whom it tells. */
export interface IBoundSearch {
  /** Makespan of the shortest plan known so far, in seconds; asked again and again. */
  makespan(): number;
  /** Told each better bound, in seconds. */
  raise(bound: number, binding: Plan['binding']): void;
  /** Told each way to share the jobs out over nodes that might meet a target, in seconds. */
  onAssignment?(assignment: Extract<Assignment, { status: 'found' }>, target: number): void;
  /** Told each way to share the jobs out in fractions, for targets further and further down. */
  onShares?(shares: IShares): void;
  /** Seconds left; Infinity or left out when there is no limit. The search is over when there are none. */
  secondsLeft?(): number;
  /** Nodes of HiGHS's search tree for each target. */
  nodes?: number;
}

/** Nodes for each target when nothing is told. */
const NODES = 1000;

/** Integer programs over more nodes take longer than what they prove is worth. */
const MOST_NODES = 8;

/** Share of the seconds left that the integer programs for one target may take. */
const PATIENCE = 0.5;

/** First step above the bound for integer programs, as a share. */
const STEP = 1e-3;

/** Between a bound and a target not refuted that are this close no more are tried. */
const PRECISION = 2e-4;

/**
 * Raise the lower bound step by step, the cheap ways first: area and longest task; jobs in fractions under dual
 * feasible functions; whole jobs under the same and some more. Each of them proves targets too short: no plan has that makespan.
 */
export function raiseBounds(highs: Highs, problem: IProblem, search: IBoundSearch): void {
  const { seconds, binding } = lowerBound(problem);
  let bound = seconds;
  search.raise(bound, binding);
  const raise = (better: number) => {
    bound = better;
    search.raise(bound, 'packing');
    return secondsLeft(search) > 0;
  };
  if (secondsLeft(search) > 0) {
    raiseByFractions(highs, problem, bound, search.makespan(), raise, shares => search.onShares?.(shares));
  }
  if (problem.nodes.length <= MOST_NODES && bound > 0) {
    raiseByWholes(highs, problem, bound, search, raise);
  }
}

/** Targets further and further above the bound until one cannot be refuted, then between. */
function raiseByWholes(
  highs: Highs,
  problem: IProblem,
  from: number,
  search: IBoundSearch,
  raise: (bound: number) => boolean
): void {
  const assignments = new AssignmentSearch(highs, problem);
  let bound = from;
  let step = STEP;
  let open = Infinity;
  for (;;) {
    const limit = Math.min(open, search.makespan());
    const left = secondsLeft(search);
    if (left <= 0 || limit <= bound * (1 + PRECISION)) {
      return;
    }
    const target = Math.min(bound * (1 + step), (bound + limit) / 2);
    const answer = assignments.find(target, {
      nodes: search.nodes ?? NODES,
      secondsLeft: () => (left < Infinity ? secondsLeft(search) - (1 - PATIENCE) * left : Infinity)
    });
    if (answer.status === 'infeasible') {
      bound = target;
      step *= 2;
      if (!raise(bound)) {
        return;
      }
      continue;
    }
    if (answer.status === 'found') {
      search.onAssignment?.(answer, target);
    } else if (step === STEP) {
      return;
    }
    open = target;
    step = STEP;
  }
}

function secondsLeft(search: IBoundSearch): number {
  return search.secondsLeft?.() ?? Infinity;
}
