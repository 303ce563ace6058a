import type { Baseline, Plan, PlanRequest } from '../../wire/generated/types.js';
import { checkClaims } from './claims.js';
import { hasWishes, type Unmet, unmetWishes } from './constraints.js';
import { checkPhysics } from './feasibility.js';
import { checkSwitches } from './switchRules.js';
import { slack } from './tolerance.js';

/** Rules that interrupt tasks whatever the request says of switches: what they show is what that would give. */
const PREEMPTIVE: readonly Baseline['name'][] = ['round-robin', 'optimus-dynamic'];

/**
 * Check a plan against the question it answers, by the definitions alone: nothing here is shared with the planner.
 *
 * A plan need not meet every wish (pins, earliest starts, deadlines, limits) but must name those it does not.
 * Baselines follow simple rules and know nothing of wishes.
 *
 * @returns what is wrong, one sentence each; empty when the plan may be carried out.
 */
export function checkPlan(request: PlanRequest, plan: Plan): string[] {
  return [
    ...checkPhysics(request, plan),
    ...checkSwitches(request, plan.segments),
    ...checkWishes(request, plan),
    ...checkClaims(request, plan),
    ...plan.baselines.flatMap(baseline =>
      checkBaseline(request, plan, baseline).map(problem => `Baseline ${baseline.name}: ${problem}`)
    )
  ];
}

/** Every wish is met or named as a conflict, and no other is. */
function checkWishes(request: PlanRequest, plan: Plan): string[] {
  const unmet = unmetWishes(request, plan.segments, plan.makespan);
  const conflicts = plan.conflicts ?? [];
  const same = (a: Pick<Unmet, 'constraint' | 'task'>, b: Pick<Unmet, 'constraint' | 'task'>) =>
    a.constraint === b.constraint && a.task === b.task;
  return [
    ...unmet.filter(wish => !conflicts.some(conflict => same(conflict, wish))).map(wish => wish.message),
    ...conflicts
      .filter(conflict => !unmet.some(wish => same(wish, conflict)))
      .map(({ constraint, task }) => {
        const whose = task === undefined ? '' : ` of task "${task}"`;
        return `A conflict with the wish ${constraint}${whose} is named, but the plan meets it.`;
      })
  ];
}

function checkBaseline(request: PlanRequest, plan: Plan, baseline: Baseline): string[] {
  const { name, makespan, segments } = baseline;
  const wrong: string[] = [];
  const switches: string[] = [];
  if (segments !== undefined) {
    wrong.push(...checkPhysics(request, { segments, makespan, unplanned: plan.unplanned }));
    switches.push(...checkSwitches(request, segments));
    if (!PREEMPTIVE.includes(name)) {
      wrong.push(...switches);
    }
  }
  const comparable =
    request.objective !== 'weighted-completion' &&
    (segments === undefined
      ? !hasWishes(request) && !PREEMPTIVE.includes(name)
      : switches.length === 0 && unmetWishes(request, segments, makespan).length === 0);
  if (comparable && !(makespan >= plan.makespan - slack(makespan))) {
    wrong.push(`it is shorter (${makespan} s) than the plan (${plan.makespan} s)`);
  }
  return wrong;
}
