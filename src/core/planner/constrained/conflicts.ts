import { CONSTRAINTS } from '../../model/constraints/constraints.js';
import type { Conflict, PlanRequest } from '../../wire/messages.js';
import { tasksOf } from '../problem/sharedTerms.js';
import type { ConstrainedRelaxation } from './constrainedRelaxation.js';
import type { IConstrainedPlan } from './constrainedSearch.js';
import type { Culprits } from './culprits.js';
import { overloaded, takenByRunning } from './makespanBound.js';

/**
 * The constraints that a plan does not meet: why, whether any could, and the least that would have to give way.
 *
 * @param impossible - no plan meets all constraints together.
 */
export function conflictsOf(
  request: PlanRequest,
  relaxation: ConstrainedRelaxation,
  { schedule, taken }: Pick<IConstrainedPlan, 'schedule' | 'taken'>,
  impossible: boolean,
  culprits: Culprits
): Conflict[] {
  const { problem, jobs } = relaxation;
  const asked = new Map(request.tasks.map(task => [task.name, task]));
  const fused = new Set(
    schedule.placed.flatMap(({ job, fusion }) => (fusion === undefined ? [] : [problem.jobs[job]!.name]))
  );
  const tasks = [
    ...problem.running.flatMap(running =>
      tasksOf(running).map(({ name }) => ({
        task: asked.get(name)!,
        end: running.config.seconds,
        soonest: running.config.seconds,
        goesOn: true,
        movable: false
      }))
    ),
    ...schedule.placed.map(({ job, config, end }) => ({
      task: asked.get(problem.jobs[job]!.name)!,
      end,
      soonest: jobs[job]!.ways[0]!.end,
      goesOn: config === problem.jobs[job]!.current?.config,
      movable: true
    }))
  ];
  const outcome = {
    request,
    tasks,
    makespan: schedule.makespan,
    impossible,
    overloaded: (deadline: number) => overloaded(relaxation, deadline),
    culprits: (task: string, deadline: number) => culprits.of(task, deadline, impossible)
  };
  const leastOf = (index: number) =>
    jobs.reduce((sum, { ways }) => {
      return sum + ways.reduce((least, { takes }) => Math.min(least, takes[index]!), Infinity);
    }, 0);
  return [
    ...problem.conflicts.filter(({ task }) => !fused.has(task!)),
    ...CONSTRAINTS.flatMap(constraint => {
      const index = problem.budgets.findIndex(budget => budget.constraint === constraint.name);
      const spending =
        index < 0
          ? undefined
          : {
              spent: taken[index]!,
              least: takenByRunning(problem, problem.budgets[index]!) + leastOf(index)
            };
      const found = constraint.conflicts?.(outcome, spending) ?? [];
      return found.map(conflict => ({ constraint: constraint.name, ...conflict }));
    })
  ];
}
