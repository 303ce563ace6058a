import type { Segment } from '../../wire/messages.js';
import { lowerBound } from '../bounds/areaBound.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { arrangementOf, type IArrangement, KEPT, realise } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { anneal, type ICooling, type ISearchLimit } from '../search/annealing.js';
import { construct } from '../search/construction.js';
import { NodeNeighbourhood } from '../search/nodeNeighbourhood.js';
import { makespanOf } from './insertion.js';
import { fixRunning, staying, withPessimisticTimes } from './pessimisticTimes.js';
import { onPreviousDevices } from './previousDevices.js';
import { followPrevious, takePrevious } from './previousPlan.js';

/** An earlier plan, as far as it still goes. */
export interface IFollowed {
  /** The earlier plan, its times from now on. */
  previous: readonly Segment[];
  /** What follows it, without moves of running tasks that make nothing shorter. */
  arrangement: IArrangement;
  schedule: ISchedule;
}

/** What re-planning needs besides the problem and the earlier plan. */
export interface IReplanOptions {
  random: Random;
  /** The limit of a search that may use the budget between two shares of it. */
  limit(from: number, to: number): ISearchLimit;
  /** No plan is shorter than this, in seconds. */
  bound: number;
  /** Makespan of a plan that needs no search, in seconds; a longer earlier plan is not kept for its own sake. */
  longest?: number;
}

/** What came of the earlier plan. */
export interface IReplanned {
  schedule: ISchedule;
  method: 'previous' | 'construction' | 'local-search';
}

/** The earlier plan is given up only for one that is shorter by more than this share of it; what moves cost is priced in. */
export const MIN_IMPROVEMENT = 0.01;

/** For small budgets, and a start that may be of the wrong kind: the best of a few plans. */
const FROM_PLAN: ICooling = { hot: 0.5, cold: 0.005, rounds: 3 };

/**
 * A plan of a plain problem for a situation that has changed since an earlier one: devices came or went, tasks came,
 * ended or were stopped, estimates proved wrong.
 *
 * - Running tasks that may be moved are moved only when the plan becomes shorter even with what is risky about the
 *   moves counted against it (see {@link withPessimisticTimes}), and each of them only if the plan is longer without its move.
 * - The earlier plan, followed as far as it goes, is kept unless the new one is shorter by a percent: the same
 *   question gives the same plan. Where the bound says that none is, none is looked for.
 * - Tasks keep their devices where they can.
 */
export function replan(problem: IProblem, followed: IFollowed, options: IReplanOptions): IReplanned {
  const { previous, arrangement: kept } = followed;
  const { longest = Infinity, bound } = options;
  const cautious = withPessimisticTimes(problem);
  const enough = makespanOf(cautious, kept) * (1 - MIN_IMPROVEMENT);
  if (enough <= bound && followed.schedule.makespan <= longest) {
    return { schedule: followed.schedule, method: 'previous' };
  }
  const found = search(problem, cautious, kept, options);
  const better = withoutIdleMoves(cautious, found.arrangement);
  if (makespanOf(cautious, better) >= enough && followed.schedule.makespan <= longest) {
    return { schedule: followed.schedule, method: 'previous' };
  }
  return { schedule: realiseLike(problem, better, previous), method: found.method };
}

/** A plan at once that knows of no earlier one: what runs stays, the rest is constructed around it. */
export function sketch(problem: IProblem): ISchedule {
  const held = fixRunning(problem);
  const { arrangement } = construct(held.problem, lowerBound(held.problem).seconds);
  return realise(problem, held.lift(arrangement));
}

/** Follow an earlier plan as far as it goes, without any search. */
export function follow(problem: IProblem, previous: readonly Segment[]): IFollowed {
  const arrangement = withoutIdleMoves(withPessimisticTimes(problem), followPrevious(problem, previous));
  const schedule = verbatim(problem, previous, arrangement) ?? realiseLike(problem, arrangement, previous);
  return { previous, arrangement, schedule };
}

/** The best arrangement found, moves of running tasks counted with pessimistic times. */
function search(
  problem: IProblem,
  cautious: IProblem,
  kept: IArrangement,
  { random, limit }: IReplanOptions
): { arrangement: IArrangement; method: IReplanned['method'] } {
  const held = fixRunning(problem);
  const movable = held.problem.jobs.length < problem.jobs.length;
  // With few running tasks little can be gained by moving them, with many little by anything else.
  const share = held.problem.jobs.length / problem.jobs.length;
  let best = { arrangement: kept, method: 'previous' as IReplanned['method'] };
  let makespan = makespanOf(cautious, kept);
  const offer = (arrangement: IArrangement, method: IReplanned['method']) => {
    const own = makespanOf(cautious, arrangement);
    if (own < makespan) {
      best = { arrangement, method };
      makespan = own;
    }
  };
  offer(staying(problem, kept), 'previous');
  if (held.problem.jobs.length > 0) {
    const bound = lowerBound(held.problem).seconds;
    const starts = [held.lower(staying(problem, kept)), construct(held.problem, bound).arrangement];
    offer(held.lift(starts[1]!), 'construction');
    const [a, b] = starts.map(start => makespanOf(held.problem, start));
    const start = starts[a! <= b! ? 0 : 1]!;
    anneal(
      new NodeNeighbourhood(held.problem, start, random),
      limit(0, share),
      better => offer(held.lift(better), 'local-search'),
      FROM_PLAN
    );
  }
  if (movable) {
    const scratch = construct(cautious, lowerBound(cautious).seconds).arrangement;
    offer(scratch, 'construction');
    anneal(
      new NodeNeighbourhood(cautious, best.arrangement, random),
      limit(share, 1),
      better => offer(better, 'local-search'),
      FROM_PLAN
    );
  }
  return best;
}

/** Every move taken back without which the plan is no longer. */
function withoutIdleMoves(cautious: IProblem, arrangement: IArrangement): IArrangement {
  let best = arrangement;
  let makespan = makespanOf(cautious, best);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [job, { current }] of cautious.jobs.entries()) {
      if (current !== undefined && best.config[job] !== KEPT) {
        const quiet = staying(cautious, best, job);
        const own = makespanOf(cautious, quiet);
        if (own <= makespan) {
          best = quiet;
          makespan = own;
          changed = true;
        }
      }
    }
  }
  return best;
}

/** The earlier plan as it was, if it is as good as its arrangement. */
function verbatim(
  problem: IProblem,
  previous: readonly Segment[],
  kept: IArrangement
): ISchedule | undefined {
  const schedule = takePrevious(problem, previous);
  const same = schedule !== undefined && sameMoves(problem, arrangementOf(problem, schedule), kept);
  return same && schedule.makespan <= realise(problem, kept).makespan ? schedule : undefined;
}

function sameMoves({ jobs }: IProblem, a: IArrangement, b: IArrangement): boolean {
  return jobs.every((_, job) => (a.config[job] === KEPT) === (b.config[job] === KEPT));
}

function realiseLike(problem: IProblem, arrangement: IArrangement, previous: readonly Segment[]): ISchedule {
  return onPreviousDevices(problem, realise(problem, arrangement), previous);
}
