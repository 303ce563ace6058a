import type { Plan, PlanBudget, PlanRequest } from '../wire/generated/types.js';
import type { PlanOptions } from './common/planOptions.js';
import { planConstrained } from './constrained/constrainedPlan.js';
import { isEmpty, type Problem, toProblem } from './problem/problem.js';
import { assertRequest } from './problem/requestValidation.js';
import { Effort } from './search/searchBudget.js';
import { planPlain } from './unconstrainedPlan.js';

/** Iterations of the search when the request sets no budget. */
export const DEFAULT_ITERATIONS = 20_000;

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
  const effort = new Effort(withDefault(request.budget), () => now() - started);
  return problem.plain
    ? planPlain(request, problem, effort, options)
    : planConstrained(request, problem, effort, options);
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

function withDefault(budget: PlanBudget): PlanBudget {
  return budget.iterations === undefined && budget.seconds === undefined
    ? { iterations: DEFAULT_ITERATIONS }
    : budget;
}
