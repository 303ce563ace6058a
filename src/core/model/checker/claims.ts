import type { Plan, PlanRequest } from '../../wire/messages.js';
import { slack, TOLERANCE } from '../schedule/tolerance.js';

/** Largest gap of a plan that is called optimal: what a solver's floating-point proof leaves open. */
const PROOF = 1e-5;

/** What the plan says of itself: bounds, gaps, optimality. */
export function checkClaims(request: PlanRequest, plan: Plan): string[] {
  const { makespan, lowerBound, gap, optimal, switching, weightedCompletion, atMost } = plan;
  const weighted = request.objective === 'weighted-completion';
  const wrong = checkBound('makespan', makespan, lowerBound, gap);
  if (weightedCompletion !== undefined) {
    const { seconds } = weightedCompletion;
    const expected = completionOf(request, plan);
    wrong.push(
      ...checkBound('weighted completion', seconds, weightedCompletion.lowerBound, weightedCompletion.gap)
    );
    if (!(Math.abs(seconds - expected) <= slack(expected))) {
      wrong.push(`The weighted completion is given as ${seconds} s, but the segments make it ${expected} s.`);
    }
  } else if (weighted) {
    wrong.push('The weighted completion, which was to be made small, is not given.');
  }
  if (switching !== undefined && !(switching.lowerBound <= switching.makespan + slack(switching.makespan))) {
    wrong.push(
      `The lower bound with switches, ${switching.lowerBound} s, is above the makespan ${switching.makespan} s.`
    );
  }
  if (atMost !== undefined && !(atMost >= makespan - slack(makespan))) {
    wrong.push(`It is to take ${atMost} s at most, but ${makespan} s are likely.`);
  } else if (atMost === undefined && plan.segments.some(({ likely }) => likely !== undefined)) {
    wrong.push('How long it takes were no task ended early is not given.');
  }
  if (optimal) {
    const made = weighted ? (weightedCompletion?.seconds ?? 0) : makespan;
    const bound = weighted ? (weightedCompletion?.lowerBound ?? 0) : lowerBound;
    const claimed = weighted ? (weightedCompletion?.gap ?? 0) : gap;
    if (bound === 0 && made > slack(made)) {
      wrong.push('The plan is called optimal without any bound.');
    }
    if (!(claimed <= PROOF + TOLERANCE)) {
      wrong.push(`The plan is called optimal with a gap of ${claimed}.`);
    }
  }
  return wrong;
}

function checkBound(what: string, made: number, bound: number, gap: number): string[] {
  const wrong: string[] = [];
  if (!(bound >= 0 && bound <= made + slack(made))) {
    wrong.push(`The lower bound ${bound} s is not between 0 and the ${what} ${made} s.`);
  }
  const expected = bound > 0 ? made / bound - 1 : 0;
  if (!(gap >= 0 && Math.abs(gap - expected) <= TOLERANCE * Math.max(1, expected))) {
    wrong.push(`The gap is given as ${gap}, but ${what} and lower bound make it ${expected}.`);
  }
  return wrong;
}

/** The sum over planned tasks of weight times end. */
function completionOf(request: PlanRequest, { segments }: Plan): number {
  let sum = 0;
  for (const { name, weight = 1 } of request.tasks) {
    const own = segments.filter(segment => segment.task === name);
    sum += weight * own.reduce((latest, segment) => Math.max(latest, segment.end), 0);
  }
  return sum;
}
