import { duration } from '../../model/quantities.js';
import { strategyKey, strategyLabel } from '../../model/strategy.js';
import type { Alternative, Explanation, Plan, PlanRequest, TaskExplanation } from '../../wire/messages.js';
import { lowerBound } from '../bounds/areaBound.js';
import type { Random } from '../common/random.js';
import type { IProblem } from '../problem/problem.js';
import { tasksOf } from '../problem/sharedTerms.js';
import { arrangementOf, realise } from '../schedule/arrangement.js';
import type { ISchedule } from '../schedule/schedule.js';
import { choiceKey, configOf, type IKind, kindsOf, Pricing } from './alternatives.js';
import { effortWithin } from './effort.js';
import { toleranceOf } from './errorTolerance.js';

/** An explanation, and a plan shorter than the one explained if one was met on the way: then it explains that plan. */
export interface IPlanExplanation {
  explanation: Explanation;
  better?: ISchedule;
}

/**
 * Explain a plan of a plain problem: what every other choice for every task would cost, by planning again with that choice dictated, how
 * wrong the estimates may be, and what keeps the plan from being shorter.
 *
 * Prices are those of the best plan found: the true price may be lower. How much is done to find them is told by the
 * request's budget, of which all of it takes about a quarter more.
 *
 * @param limits - what is known of the best possible plan.
 * @param mayImprove - whether a shorter plan met on the way may take the place of the one given.
 */
export function explain(
  request: PlanRequest,
  problem: IProblem,
  schedule: ISchedule,
  limits: Pick<Plan, 'binding' | 'lowerBound'>,
  random: Random,
  mayImprove = true
): IPlanExplanation {
  const kinds = kindsOf(request, problem);
  const effort = effortWithin(
    request.budget,
    problem,
    kinds.map(({ choices }) => choices.length)
  );
  const start = arrangementOf(problem, schedule);
  const pricing = new Pricing(problem, kinds, start, random, effort, mayImprove);
  pricing.run();
  const improved = mayImprove && pricing.base.makespan < schedule.makespan;
  const better = improved ? realise(problem, pricing.base.arrangement) : undefined;
  const { makespan } = better ?? schedule;
  const tasks: TaskExplanation[] = problem.running.flatMap(running =>
    tasksOf(running).map(({ name }) => ({
      task: name,
      strategy: running.config.option.strategy,
      alternatives: []
    }))
  );
  for (const kind of pricing.kinds) {
    tasks.push(...explainKind(problem, pricing, kind, makespan, effort.tolerance));
  }
  const order = new Map(request.tasks.map(({ name }, index) => [name, index]));
  tasks.sort((a, b) => order.get(a.task)! - order.get(b.task)!);
  const explanation = { binding: bindingOf(problem, limits, makespan), tasks };
  return { explanation, ...(better !== undefined && { better }) };
}

function explainKind(
  problem: IProblem,
  { base }: Pricing,
  kind: IKind,
  makespan: number,
  precise: boolean
): TaskExplanation[] {
  const tolerances = new Map<number, number | undefined>();
  return kind.jobs.map(job => {
    const { option } = configOf(problem, base.arrangement, job);
    const chosen = kind.choices.findIndex(({ key }) => key === choiceKey(option));
    if (precise && chosen >= 0 && !tolerances.has(chosen)) {
      tolerances.set(chosen, toleranceOf(base, kind, chosen));
    }
    const tolerance = tolerances.get(chosen);
    const alternatives = kind.choices.flatMap(({ strategy }, index): Alternative[] => {
      const best = kind.best[index];
      return index === chosen || best === undefined
        ? []
        : [
            {
              strategy,
              makespan: best.makespan,
              price: Math.max(0, best.makespan - makespan)
            }
          ];
    });
    alternatives.sort(
      (a, b) => a.price - b.price || (strategyKey(a.strategy) < strategyKey(b.strategy) ? -1 : 1)
    );
    return {
      task: problem.jobs[job]!.name,
      strategy: option.strategy,
      alternatives,
      ...(tolerance !== undefined && { tolerance })
    };
  });
}

/** What keeps a plan from being shorter, in a sentence with numbers. */
export function bindingOf(
  problem: IProblem,
  { binding, lowerBound: bound }: Pick<Plan, 'binding' | 'lowerBound'>,
  makespan: number
): string {
  const devices = problem.deviceCount === 1 ? 'the only device' : `all ${problem.deviceCount} devices`;
  const rest = makespan > bound * (1 + 1e-9) ? ` The plan takes ${duration(makespan)}.` : '';
  const work = `The work of all tasks, each done in the cheapest way that is fast enough, keeps ${devices} busy for`;
  switch (binding) {
    case 'longest-task': {
      const { name, how, seconds } = longest(problem);
      return `Task "${name}" alone takes ${duration(seconds)}${how}; more devices would not help.${rest}`;
    }
    case 'area':
      return `${work} ${duration(bound)}.${rest}`;
    case 'packing': {
      const area = Math.min(lowerBound(problem).seconds, bound);
      return `${work} ${duration(area)}, but the tasks do not fit together without idle devices: no plan is shorter than ${duration(bound)}.${rest}`;
    }
    case 'none':
      return 'Nothing takes any time.';
  }
}

/** The task whose fastest strategy takes longest. */
function longest({ jobs, running }: IProblem): { name: string; how: string; seconds: number } {
  const candidates = [
    ...running.map(({ name, config }) => ({
      name,
      how: ' to its end where it runs',
      seconds: config.seconds
    })),
    ...jobs.map(({ name, configs, current }) => {
      const fastest = configs.reduce((least, one) => (one.seconds <= least.seconds ? one : least));
      const stays = current !== undefined && current.config.seconds < fastest.seconds;
      const { option, seconds } = stays ? current.config : fastest;
      return { name, how: ` by its fastest strategy, ${strategyLabel(option.strategy)}`, seconds };
    })
  ];
  return candidates.reduce((most, one) => (one.seconds > most.seconds ? one : most));
}
