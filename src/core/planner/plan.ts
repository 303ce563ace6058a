import type { Plan, PlanBudget, PlanRequest } from '../wire/messages.js';
import type { IPlanOptions } from './common/planOptions.js';
import { planConstrained } from './constrained/constrainedPlan.js';
import { inLikelyTime, withLikelySteps } from './likelyTime.js';
import { toProblem } from './problem/compilation.js';
import { type IProblem, isEmpty } from './problem/problem.js';
import { assertRequest } from './problem/requestValidation.js';
import { planInRungs } from './rungs.js';
import { SearchBudget } from './search/searchBudget.js';
import { planUnconstrained } from './unconstrainedPlan.js';
import { faultOf, validAnswer } from './validAnswer.js';

/** Iterations of the search when the request sets no budget. */
export const DEFAULT_ITERATIONS = 20_000;

/**
 * Choose strategy, devices and start for every task so that all are done as early as possible.
 *
 * The plan carries a proven lower bound and is never longer than the best of its baselines. With a budget in
 * iterations (the default) the same request gives the same plan; with one in seconds it depends on the machine.
 * Proven optimal plans end the search early. Where tasks have `later` steps, those before are planned, and the price of
 * waiting for each other is told. Where a rule may end tasks early, the plan is as short as can be for the steps that are
 * likely to be made, and has every task make all of them.
 *
 * Every plan told passes the checker. Should what the planner made not pass it, or should it fail on the way, the best
 * that does is the answer, with its `fault`.
 *
 * @throws SaturnError `bad-plan-request`; `bad-plan` should not even a simple rule make a plan that passes.
 */
export async function plan(request: PlanRequest, options: IPlanOptions = {}): Promise<Plan> {
  return request.tasks.some(({ later }) => later !== undefined)
    ? planInRungs(request, options, planAtOnce)
    : planAtOnce(request, options);
}

async function planAtOnce(asked: PlanRequest, options: IPlanOptions): Promise<Plan> {
  assertRequest(asked);
  const request = inLikelyTime(asked);
  const now = options.now ?? (() => performance.now() / 1000);
  const started = now();
  const problem = toProblem(request);
  const searchBudget = new SearchBudget(withDefault(request.budget), () => now() - started);
  const planKind = problem.unconstrained ? planUnconstrained : planConstrained;
  const told: Plan[] = [];
  let missing: unknown;
  const loadHighs = () =>
    options.loadHighs!().catch((error: unknown) => {
      missing = error;
      throw error;
    });
  const onProgress = (better: Plan) => {
    if (faultOf(request, better) === undefined) {
      told[0] = better;
      options.onProgress?.(withLikelySteps(asked, better));
    }
  };
  const watched = { ...options, onProgress, ...(options.loadHighs !== undefined && { loadHighs }) };
  let answers: readonly Plan[] = [];
  let fault: string | undefined;
  try {
    answers = isEmpty(problem)
      ? [emptyPlan(problem)]
      : await planKind(request, problem, searchBudget, watched);
  } catch (error) {
    // That HiGHS cannot be loaded is no defect of the planner, and nothing that asking again would mend.
    if (error === missing) {
      throw error;
    }
    fault = error instanceof Error ? error.message : String(error);
  }
  return withLikelySteps(asked, validAnswer(request, problem, [...answers, ...told], fault));
}

function emptyPlan(problem: IProblem): Plan {
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
