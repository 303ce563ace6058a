import type { Baseline, Plan, PlanRequest } from '../../wire/messages.js';
import { type IUnmetConstraint, isConstrained, unmetConstraints } from '../constraints/constraints.js';
import { slack } from '../schedule/tolerance.js';
import { checkClaims } from './claims.js';
import { checkFeasibility } from './feasibility.js';
import { checkSwitches } from './switchRules.js';

/** Rules that interrupt tasks whatever the request says of switches: what they show is what that would give. */
const PREEMPTIVE: readonly Baseline['name'][] = ['round-robin', 'optimus-dynamic'];

/**
 * Check a plan against the question it answers, by the definitions alone: nothing here is shared with the planner.
 *
 * A plan need not meet every constraint (pins, earliest starts, deadlines, limits) but must name those it does not.
 * Baselines follow simple rules and know nothing of constraints.
 *
 * @returns what is wrong, one sentence each; empty when the plan may be carried out.
 */
export function checkPlan(request: PlanRequest, plan: Plan): string[] {
  return [
    ...checkFeasibility(request, plan),
    ...checkSwitches(request, plan.segments),
    ...checkConstraints(request, plan),
    ...checkClaims(request, plan),
    ...plan.baselines.flatMap(baseline =>
      checkBaseline(request, plan, baseline).map(problem => `Baseline ${baseline.name}: ${problem}`)
    )
  ];
}

/** Every constraint is met or named as a conflict, and no other is. */
function checkConstraints(request: PlanRequest, plan: Plan): string[] {
  const unmet = unmetConstraints(request, plan.segments, plan.makespan);
  const conflicts = plan.conflicts ?? [];
  const same = (
    a: Pick<IUnmetConstraint, 'constraint' | 'task'>,
    b: Pick<IUnmetConstraint, 'constraint' | 'task'>
  ) => a.constraint === b.constraint && a.task === b.task;
  return [
    ...unmet
      .filter(constraint => !conflicts.some(conflict => same(conflict, constraint)))
      .map(constraint => constraint.message),
    ...conflicts
      .filter(conflict => !unmet.some(constraint => same(constraint, conflict)))
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
    wrong.push(...checkFeasibility(request, { segments, makespan, unplanned: plan.unplanned }));
    switches.push(...checkSwitches(request, segments));
    if (!PREEMPTIVE.includes(name)) {
      wrong.push(...switches);
    }
  }
  const comparable =
    request.objective !== 'weighted-completion' &&
    (segments === undefined
      ? !isConstrained(request) && !PREEMPTIVE.includes(name)
      : switches.length === 0 && unmetConstraints(request, segments, makespan).length === 0);
  if (comparable && !(makespan >= plan.makespan - slack(makespan))) {
    wrong.push(`it is shorter (${makespan} s) than the plan (${plan.makespan} s)`);
  }
  return wrong;
}
