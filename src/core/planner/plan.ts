import type { Highs } from 'highs';
import type { Plan, PlanBudget, PlanRequest } from '../wire/generated/types.js';
import { interrupts, makeBaselines } from './baselines/baselines.js';
import { lowerBound } from './bounds/area.js';
import { planConstrained } from './constrained/constrainedPlan.js';
import { explain } from './explanation/explanation.js';
import { Incumbent } from './incumbent.js';
import { planSwitches } from './malleable/malleable.js';
import { adoptSwitches, amongSwitching, preemptiveArea, savingOf } from './malleable/switchingPlan.js';
import { milpSize, solveMilp } from './milp/paperMilp.js';
import { isEmpty, type Problem, toProblem } from './problem.js';
import { mulberry32 } from './random.js';
import { replan } from './replan/replan.js';
import { assertRequest } from './request.js';
import { type Arrangement, arrangementOf, realise } from './schedule/arrangement.js';
import { anneal, type SearchLimit } from './search/annealing.js';
import { construct } from './search/construction.js';
import { NodeWalk } from './search/nodeWalk.js';

/** What the planner needs from its surroundings. */
export interface PlanOptions {
  /** Loads HiGHS; without it small cases are searched but not proven. */
  loadHighs?: () => Promise<Highs>;
  /** Called with each plan noticeably shorter than the last one reported, the first as soon as there is one. */
  onProgress?: (plan: Plan) => void;
  /** A clock that never goes back, in seconds. */
  now?: () => number;
}

/** Iterations of the search when the request sets no budget. */
export const DEFAULT_ITERATIONS = 20_000;

/** Pairs of tasks times devices above which the MILP is not worth its time. */
const MILP_LARGEST = 120;

/** Nodes of HiGHS's search tree when no time is given. */
const MILP_NODES = 500;

/** Share of a budget in seconds for the search when the MILP comes after it. */
const SEARCH_SHARE = 0.3;

/** Share of a budget in seconds after which planning of switches begins, where they are asked for. */
const SWITCHING_FROM = 0.7;

/** Iterations of the search that take as long as one linear program of those that plan switches. */
const ITERATIONS_PER_PROGRAM = 200;

/**
 * Choose strategy, devices and start for every task so that all are done as early as possible.
 *
 * The plan carries a proven lower bound and is never longer than the best of its baselines. With a budget in
 * iterations (the default) the same request gives the same plan; with one in seconds it depends on the machine.
 * Proven optimal plans end the search early.
 *
 * @throws SaturnError `bad-plan-request`.
 */
export async function plan(request: PlanRequest, options: PlanOptions = {}): Promise<Plan> {
  assertRequest(request);
  const now = options.now ?? (() => performance.now() / 1000);
  const started = now();
  const problem = toProblem(request);
  if (isEmpty(problem)) {
    return emptyPlan(problem);
  }
  const { seconds } = request.budget;
  const elapsed = () => now() - started;
  if (!problem.plain) {
    return planConstrained(problem, {
      seed: request.seed,
      progress: limitOf(withDefault(request.budget), elapsed, 0, 1, 0).progress,
      onProgress: options.onProgress,
      ...(seconds !== undefined && { elapsed })
    });
  }
  const incumbent = new Incumbent(problem, {
    baselines: makeBaselines(problem, request.seed),
    onProgress: reporter(request, problem, options),
    ...(seconds !== undefined && { elapsed })
  });
  const budget = withDefault(request.budget);
  const searched = request.switches === 'planned' ? SWITCHING_FROM : 1;
  const begun = request.previous !== undefined || problem.jobs.some(({ current }) => current !== undefined);
  if (begun && problem.plain) {
    planAnew(request, problem, incumbent, (from, to) =>
      limitOf(budget, elapsed, searched * from, searched * to, incumbent.target)
    );
    const found = answer(request, problem, incumbent, false);
    return withSwitches(request, problem, incumbent, found, options, elapsed);
  }
  const seed = startingPoint(problem, incumbent);
  incumbent.report();
  const useMilp =
    options.loadHighs !== undefined && milpSize(problem) <= MILP_LARGEST && budget.iterations !== 0;
  if (!incumbent.optimal) {
    const limit = limitOf(budget, elapsed, 0, searched * (useMilp ? SEARCH_SHARE : 1), incumbent.target);
    anneal(new NodeWalk(problem, seed, mulberry32(request.seed)), limit, arrangement =>
      incumbent.offer('local-search', realise(problem, arrangement))
    );
  }
  if (!incumbent.optimal && useMilp) {
    const left = budget.seconds === undefined ? undefined : searched * budget.seconds - elapsed();
    if (left === undefined || left > 0) {
      const highs = await options.loadHighs!();
      const limits = { nodes: MILP_NODES, seconds: left };
      const solved = solveMilp(highs, problem, incumbent.schedule, incumbent.bound, limits);
      incumbent.offer('milp', realise(problem, solved.arrangement));
      incumbent.raise(solved.bound, 'packing', solved.optimal);
    }
  }
  const found = answer(request, problem, incumbent, true);
  return withSwitches(request, problem, incumbent, found, options, elapsed);
}

/** Where switches are asked for, bounds that only hold without them are not told. */
function reporter(
  request: PlanRequest,
  problem: Problem,
  { onProgress }: PlanOptions
): PlanOptions['onProgress'] {
  if (onProgress === undefined || request.switches !== 'planned') {
    return onProgress;
  }
  const bound = preemptiveArea(problem);
  return found => onProgress(amongSwitching(found, bound));
}

/** The plan with switches where they are asked for; else what they would save, as far as the budget allows. */
async function withSwitches(
  request: PlanRequest,
  problem: Problem,
  { schedule }: Incumbent,
  found: Plan,
  { loadHighs }: PlanOptions,
  elapsed: () => number
): Promise<Plan> {
  const asked = request.switches === 'planned';
  const { iterations, seconds } = withDefault(request.budget);
  const left = seconds === undefined ? Infinity : seconds - elapsed();
  if (
    loadHighs === undefined ||
    iterations === 0 ||
    left <= 0 ||
    !problem.jobs.some(({ steps }) => steps > 1)
  ) {
    return asked ? amongSwitching(found, preemptiveArea(problem)) : found;
  }
  const switching = planSwitches(problem, schedule, {
    highs: await loadHighs(),
    random: mulberry32(request.seed),
    progress: solved =>
      Math.max(
        iterations === undefined ? 0 : (solved * ITERATIONS_PER_PROGRAM) / iterations,
        seconds === undefined ? 0 : elapsed() / seconds
      )
  });
  return asked ? adoptSwitches(problem, found, switching) : { ...found, switching: savingOf(switching) };
}

/** Plan from an earlier plan, or from what runs now. */
function planAnew(
  request: PlanRequest,
  problem: Problem,
  incumbent: Incumbent,
  limit: (from: number, to: number) => SearchLimit
): void {
  const bound = lowerBound(problem);
  incumbent.raise(bound.seconds, bound.binding);
  const rules = incumbent.baselines.filter(baseline => !interrupts(baseline));
  const { method, schedule } = replan(problem, {
    previous: request.previous ?? [],
    random: mulberry32(request.seed),
    limit,
    longest: Math.min(...rules.map(rule => rule.schedule.makespan))
  });
  incumbent.offer(method, schedule);
  for (const rule of rules) {
    incumbent.offer('baseline', rule.schedule);
  }
  incumbent.report();
}

/** The plan with all that was asked for besides. */
function answer(request: PlanRequest, problem: Problem, incumbent: Incumbent, mayImprove: boolean): Plan {
  if (request.explain !== true || !problem.plain) {
    return incumbent.plan();
  }
  const random = mulberry32(request.seed);
  const limits = { binding: incumbent.plan().binding, lowerBound: incumbent.bound };
  const { explanation, better } = explain(
    request,
    problem,
    incumbent.schedule,
    limits,
    random,
    mayImprove && !incumbent.optimal
  );
  if (better !== undefined) {
    incumbent.offer('local-search', better);
  }
  return { ...incumbent.plan(), explanation };
}

function emptyPlan(problem: Problem): Plan {
  return {
    segments: [],
    unplanned: problem.unplanned,
    makespan: 0,
    lowerBound: 0,
    gap: 0,
    binding: 'none',
    optimal: true,
    method: 'empty',
    baselines: [],
    ...(problem.weighted && { weightedCompletion: { seconds: 0, lowerBound: 0, gap: 0 } })
  };
}

/** Offer what takes no search; returns the best of it. */
function startingPoint(problem: Problem, incumbent: Incumbent): Arrangement {
  const bound = lowerBound(problem);
  incumbent.raise(bound.seconds, bound.binding);
  incumbent.offer('construction', realise(problem, construct(problem, bound.seconds).arrangement));
  for (const baseline of incumbent.baselines) {
    const { schedule } = baseline;
    if (schedule.makespan < incumbent.makespan && !interrupts(baseline)) {
      incumbent.offer('baseline', realise(problem, arrangementOf(problem, schedule)));
    }
  }
  return incumbent.arrangement;
}

function withDefault(budget: PlanBudget): PlanBudget {
  return budget.iterations === undefined && budget.seconds === undefined
    ? { iterations: DEFAULT_ITERATIONS }
    : budget;
}

/** A limit for what may use the budget from one share of it to another. */
function limitOf(
  { iterations, seconds }: PlanBudget,
  elapsed: () => number,
  from: number,
  to: number,
  target: number
): SearchLimit {
  const share = to - from;
  return {
    target,
    progress: done =>
      Math.max(
        iterations === undefined ? 0 : iterations === 0 ? 1 : done / (iterations * share),
        seconds === undefined ? 0 : (elapsed() / seconds - from) / share
      )
  };
}
