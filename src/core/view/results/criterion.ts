import { goalOf } from '../../model/metricGoal.js';
import { metricIn } from '../../model/metricName.js';
import type { Criterion, TaskState } from '../../wire/messages.js';

/** By what tasks are ranked, and who says so. */
export interface IRule {
  /** The metric; null is the loss of training. */
  readonly metric: string | null;
  readonly goal: Criterion['goal'];
  /** `unknown`: there are metrics, but of none it is known whether more or less is better. */
  readonly source: 'said' | 'guess' | 'unknown';
  /** What is said of the tasks that are to be ranked by something else. */
  readonly others: readonly Criterion[];
}

const TRAINING_LOSS = { metric: null, goal: 'min', others: [] } as const;

/** Names of all metrics, in the order in which the tasks report them. */
export function metricNames(tasks: readonly TaskState[]): string[] {
  return [...new Set(tasks.flatMap(task => Object.keys(task.result?.metrics ?? {})))];
}

/** What makes a model the better one, as its user says it, or else the task itself. */
export function criterionOf({ spec, inspection }: TaskState): Criterion | undefined {
  return spec.best ?? inspection?.best;
}

/**
 * By what to rank trained tasks: as most of them say, else by the first metric that is no loss and of which the goal
 * is known, else by the held-out loss, else by that of training.
 */
export function ruleOf(tasks: readonly TaskState[]): IRule {
  const names = metricNames(tasks);
  const [said, ...others] = saidOf(tasks);
  if (said !== undefined) {
    const metric = metricIn(names, said.metric) ?? (said.metric === 'loss' ? null : said.metric);
    return { metric, goal: said.goal, source: 'said', others };
  }
  const known = names.filter(name => goalOf(name) !== undefined);
  const metric = known.find(name => !isLoss(name)) ?? known[0];
  return metric === undefined
    ? { ...TRAINING_LOSS, source: names.length > 0 ? 'unknown' : 'guess' }
    : {
        metric,
        goal: goalOf(metric) as Criterion['goal'],
        source: names.every(isLoss) || !isLoss(metric) ? 'guess' : 'unknown',
        others: []
      };
}

/** What a task has of what it is ranked by; undefined when it has none of it. */
export function rankedValue(
  { result }: TaskState,
  { metric }: Pick<IRule, 'metric'>
): number | null | undefined {
  return metric === null ? result?.loss : result?.metrics[metric];
}

/** The trained tasks, best first; those without the metric, or not evaluated, last. */
export function ranking(tasks: readonly TaskState[]): TaskState[] {
  const trained = tasks.filter(task => task.result !== undefined);
  const rule = ruleOf(trained);
  const sign = rule.goal === 'max' ? -1 : 1;
  const cost = (task: TaskState): number => {
    const found = task.result?.evaluationError ? undefined : rankedValue(task, rule);
    return found === null || found === undefined || Number.isNaN(found) ? Infinity : sign * found;
  };
  return trained.sort((a, b) => {
    const [x, y] = [cost(a), cost(b)];
    return x === y ? 0 : x - y;
  });
}

/** What tasks say of themselves, that of most of them first. */
function saidOf(tasks: readonly TaskState[]): Criterion[] {
  const counts = new Map<string, { criterion: Criterion; count: number }>();
  for (const task of tasks) {
    const criterion = criterionOf(task);
    if (criterion) {
      const key = `${criterion.metric}:${criterion.goal}`;
      counts.set(key, { criterion, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).map(({ criterion }) => criterion);
}

function isLoss(name: string): boolean {
  return /(^|_)loss$/.test(name);
}
