import { Insertion, makespanOf } from '../replan/insertion.js';
import { choiceKey, configOf, type IForced, type IKind } from './alternatives.js';
import { breakEvenError } from './breakEvenError.js';

/** Alternatives compared, the shortest first. */
const RIVALS = 4;

/**
 * By how much one choice of a kind of task may be slower than estimated before another choice gives a shorter plan.
 * The error belongs to the measurement, so it meets all tasks of the kind that run so, in both plans alike. What
 * alternatives would gain by being planned anew with the true time is not counted.
 *
 * @param choice - index of a choice that the plan uses.
 * @returns a share of the step time, or undefined when no error up to 400 % matters.
 */
export function toleranceOf(base: IForced, kind: IKind, choice: number): number | undefined {
  const { key } = kind.choices[choice]!;
  const used = uses(base, kind, key);
  const rivals = [...kind.met, ...withoutChoice(base, kind, key)]
    .filter(plan => uses(plan, kind, key) < used)
    .sort((a, b) => a.makespan - b.makespan)
    .slice(0, RIVALS);
  const loses = (error: number) => {
    const own = slowed(base, kind, key, error) * (1 - 1e-9);
    return rivals.some(rival => slowed(rival, kind, key, error) < own);
  };
  return breakEvenError(loses);
}

/** The plan with all tasks of the kind that run by one choice made to run by another, for each of the others. */
function withoutChoice({ problem, arrangement }: IForced, kind: IKind, key: string): IForced[] {
  const changed = kind.jobs.filter(job => {
    const { option } = configOf(problem, arrangement, job);
    return problem.jobs[job]!.current === undefined && choiceKey(option) === key;
  });
  const queues = arrangement.queues.map(queue => queue.filter(job => !changed.includes(job)));
  return kind.choices
    .filter(other => other.key !== key)
    .map(({ configs }) => {
      const jobs = problem.jobs.map((job, index) => (changed.includes(index) ? { ...job, configs } : job));
      const plan: IForced = {
        problem: { ...problem, jobs },
        arrangement: {
          config: arrangement.config.map((choice, index) => (changed.includes(index) ? 0 : choice)),
          queues: queues.map(queue => [...queue])
        },
        makespan: 0
      };
      const insertion = new Insertion(plan.problem, plan.arrangement);
      insertion.insertAll(changed);
      return { ...plan, makespan: insertion.makespan };
    });
}

/** How many tasks of a kind run by a choice. */
function uses({ problem, arrangement }: IForced, kind: IKind, key: string): number {
  return kind.jobs.filter(job => choiceKey(configOf(problem, arrangement, job).option) === key).length;
}

/** The makespan when a choice is slower for all tasks of the kind, everything else as planned. */
function slowed({ problem, arrangement }: IForced, kind: IKind, key: string, error: number): number {
  const jobs = [...problem.jobs];
  for (const index of kind.jobs) {
    const config = configOf(problem, arrangement, index);
    if (choiceKey(config.option) === key) {
      const job = jobs[index]!;
      const seconds = config.seconds + error * (config.seconds - config.overhead);
      const slow = { ...config, seconds };
      jobs[index] = {
        ...job,
        configs: job.configs.map(one => (one === config ? slow : one)),
        ...(job.current !== undefined && {
          current: { ...job.current, config: job.current.config === config ? slow : job.current.config }
        })
      };
    }
  }
  return makespanOf({ ...problem, jobs }, arrangement);
}
