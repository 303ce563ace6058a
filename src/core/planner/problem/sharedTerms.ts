import type { PlanRequest } from '../../wire/messages.js';
import type { IProblem, IRunningJob } from './problem.js';
import { sharedTermsOf } from './terms.js';

/** The tasks of a run that goes on. */
export function tasksOf({ name, steps, fusion }: IRunningJob): Pick<IRunningJob, 'name' | 'steps'>[] {
  return [{ name, steps }, ...(fusion?.others ?? [])];
}

/** The lanes and budgets that jobs share. */
export function addShared(problem: IProblem, request: PlanRequest): void {
  const { lanes, budgets } = sharedTermsOf(request);
  for (const { count, tasks } of lanes) {
    const takesOne = ({ name }: { name: string }) => tasks?.includes(name) ?? true;
    const takesOneOf = (running: IRunningJob) => tasksOf(running).some(takesOne);
    for (const job of problem.jobs.filter(takesOne)) {
      job.lanes.push(problem.lanes.length);
    }
    problem.lanes.push(freeLanes(count, problem.running.filter(takesOneOf)));
  }
  for (const { constraint, limit, rate } of budgets) {
    problem.budgets.push({ constraint, limit, rates: problem.nodes.map(({ id }) => rate(id)) });
  }
}

/** When each lane becomes free, earliest first; tasks that run already hold some from 0 on. */
function freeLanes(count: number, running: IRunningJob[]): number[] {
  const ends = running.map(({ config }) => config.seconds).sort((a, b) => b - a);
  const held = Math.min(count, running.length);
  const free = Array.from({ length: count - held }, () => 0);
  return [...free, ...ends.slice(0, held).reverse()];
}
