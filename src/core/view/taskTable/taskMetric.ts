import { goalOf } from '../../model/metricGoal.js';
import type { Criterion, TaskState } from '../../wire/messages.js';
import { criterionOf } from '../results/criterion.js';

/** Names of all metrics of held-out data, in the order in which tasks report them. */
export function heldOutMetrics(tasks: readonly TaskState[]): string[] {
  const names = new Set<string>();
  for (const { validations = [], result } of tasks) {
    for (const name of Object.keys(validations.at(-1)?.metrics ?? {})) {
      names.add(name);
    }
    for (const name of Object.keys(result?.metrics ?? {})) {
      names.add(name);
    }
  }
  return [...names];
}

/** Whether more or less of a metric is better, as most tasks say, or by its name; undefined when neither tells. */
export function goalIn(tasks: readonly TaskState[], name: string): Criterion['goal'] | undefined {
  const said = tasks.flatMap(task => {
    const criterion = criterionOf(task);
    return criterion?.metric === name ? [criterion.goal] : [];
  });
  const more = said.filter(goal => goal === 'max').length;
  return said.length === 0 ? goalOf(name) : more * 2 >= said.length ? 'max' : 'min';
}

/** What a task was last found to have of a metric: at its end, or while it trains; null is not a number. */
export function lastMetric({ validations = [], result }: TaskState, name: string): number | null | undefined {
  const final = result?.metrics[name];
  return final !== undefined ? final : validations.findLast(({ metrics }) => name in metrics)?.metrics[name];
}

/** The best that a task was ever found to have of a metric, and after which step; undefined before the first. */
export function bestMetric(
  { validations = [], result, progress }: TaskState,
  name: string,
  goal: Criterion['goal']
): { readonly value: number; readonly step: number } | undefined {
  const found = [
    ...validations.map(({ step, metrics }) => ({ step, value: metrics[name] })),
    { step: result?.bestStep ?? progress.step, value: result?.metrics[name] }
  ];
  let best: { value: number; step: number } | undefined;
  for (const { step, value } of found) {
    const isBetter =
      typeof value === 'number' &&
      (best === undefined || (goal === 'max' ? value > best.value : value < best.value));
    if (isBetter) {
      best = { value, step };
    }
  }
  return best;
}
