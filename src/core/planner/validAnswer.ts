import { checkPlan } from '../model/checker/checker.js';
import { unmetConstraints } from '../model/constraints/constraints.js';
import { SaturnError } from '../wire/failure.js';
import type { Plan, PlanRequest } from '../wire/messages.js';
import { RULES } from './baselines/baselines.js';
import type { IProblem } from './problem/problem.js';
import { sketch } from './replan/replan.js';
import { toSegments } from './schedule/schedule.js';

/** Sentences told of what is wrong with an answer. */
const TOLD = 3;

/** What a plan says of its quality where nothing is known of that. */
const UNPROVEN = {
  lowerBound: 0,
  gap: 0,
  binding: 'none',
  optimal: false,
  baselines: []
} satisfies Partial<Plan>;

/**
 * The first of some answers, best first, if the checker passes it. Otherwise the best one that it passes, among them
 * those of the rules compared with, or else of what needs no search, and what was wrong with the first: whoever asks gets
 * a plan to act on.
 *
 * @param fault - what has gone wrong already; there need be no answers then.
 * @throws SaturnError `bad-plan` where none passes.
 */
export function validAnswer(
  request: PlanRequest,
  problem: IProblem,
  answers: readonly Plan[],
  fault?: string
): Plan {
  const [first] = answers;
  const wrong = fault ?? faultOf(request, first!);
  if (wrong === undefined) {
    return first!;
  }
  const valid =
    bestOf(
      request,
      answers.flatMap(answer => [answer, ...rulesOf(request, answer)])
    ) ?? bestOf(request, simplePlans(request, problem));
  if (!valid) {
    throw new SaturnError({
      code: 'bad-plan',
      message: `The planner made no plan that can be run: ${wrong}`,
      hint: 'This is a defect of the planner; please report it with the session folder.'
    });
  }
  return { ...valid, fault: wrong };
}

/** The best of some plans that the checker passes; undefined where it passes none. */
function bestOf(request: PlanRequest, plans: readonly Plan[]): Plan | undefined {
  return plans
    .filter(plan => faultOf(request, plan) === undefined)
    .sort((a, b) => missed(a) - missed(b) || objectiveOf(request, a) - objectiveOf(request, b))[0];
}

/** What is wrong with an answer; undefined when it may be carried out. */
export function faultOf(request: PlanRequest, answer: Plan): string | undefined {
  const wrong = checkPlan(request, answer);
  return wrong.length === 0 ? undefined : wrong.slice(0, TOLD).join(' ');
}

/** The answer without what may be wrong with its comparisons and bounds, and what the rules made, as answers. */
function rulesOf(request: PlanRequest, answer: Plan): Plan[] {
  const { explanation: _explained, switching: _saving, weightedCompletion: _ends, ...rest } = answer;
  const plain: Plan = { ...rest, ...UNPROVEN };
  const made = answer.baselines.flatMap(({ makespan, segments }): Plan[] =>
    segments === undefined ? [] : [{ ...plain, segments, makespan, method: 'baseline' }]
  );
  return [plain, ...made].map(one => restated(request, one));
}

/** What is made without any search. Each is tried by itself: one may fail where others do not. */
function simplePlans(request: PlanRequest, problem: IProblem): Plan[] {
  const made = (method: Plan['method'], make: typeof sketch): Plan[] => {
    try {
      const schedule = make(problem);
      const { makespan } = schedule;
      const { unplanned } = problem;
      return [
        restated(request, {
          ...UNPROVEN,
          segments: toSegments(problem, schedule),
          unplanned,
          makespan,
          method
        })
      ];
    } catch {
      return [];
    }
  };
  const rules = Object.values(RULES).map(rule => () => rule(problem, request.seed));
  return [...made('construction', sketch), ...rules.flatMap(rule => made('baseline', rule))];
}

/** What a plan misses, and what its ends come to, as its segments have it. */
function restated(request: PlanRequest, { conflicts: _told, ...plan }: Plan): Plan {
  const conflicts = unmetConstraints(request, plan.segments, plan.makespan);
  const seconds = completionOf(request, plan);
  return {
    ...plan,
    ...(request.objective === 'weighted-completion' && {
      weightedCompletion: { seconds, lowerBound: 0, gap: 0 }
    }),
    ...(conflicts.length > 0 && { conflicts })
  };
}

function missed({ conflicts = [] }: Plan): number {
  return conflicts.length;
}

function objectiveOf(request: PlanRequest, plan: Plan): number {
  return request.objective === 'weighted-completion' ? completionOf(request, plan) : plan.makespan;
}

/** The sum over tasks of weight times end. */
function completionOf({ tasks }: PlanRequest, { segments }: Pick<Plan, 'segments'>): number {
  const ends = new Map<string, number>();
  for (const { task, end } of segments) {
    ends.set(task, Math.max(end, ends.get(task) ?? 0));
  }
  return tasks.reduce((sum, { name, weight = 1 }) => sum + weight * (ends.get(name) ?? 0), 0);
}
