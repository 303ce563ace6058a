import type { PlanState, SessionState, TaskState } from '../../wire/messages.js';

/**
 * The plan that there is something to say of: one that was made for what was left of a run says nothing of the whole, and once
 * that is trained, too, nothing of what is to come.
 */
export function standingPlan({
  plan,
  run,
  replans = [],
  tasks
}: Pick<SessionState, 'plan' | 'run' | 'replans' | 'tasks'>): PlanState | undefined {
  const began = run?.startedAt;
  if (
    began === undefined ||
    run?.endedAt === undefined ||
    !replans.some(({ adoptedAt }) => adoptedAt >= began)
  ) {
    return plan;
  }
  const planned = new Set(plan?.plan.segments.map(({ task }) => task));
  const trained = tasks.filter(({ attempts }) => attempts.length > 0);
  const isOver = ({ status, givenUp }: TaskState): boolean =>
    givenUp !== undefined || status === 'finished' || status === 'failed';
  const isSpent = tasks.every(task => isOver(task) || !planned.has(task.spec.name));
  return isSpent && trained.some(({ spec }) => !planned.has(spec.name)) ? undefined : plan;
}
