import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, metric, NOTHING } from '../format/format.js';
import type { ITable } from '../format/table.js';
import { earlyStopWords } from './validationText.js';

/** Names of metrics of which more is better. */
const HIGHER_IS_BETTER =
  /acc|auc|auroc|f1|f_?score|score|precision|recall|bleu|rouge|r2|map\b|ndcg|iou|dice|reward|correct|exact_?match/i;

/** Whether more of a metric is better, by its name; otherwise it is taken for a kind of loss. */
export function higherIsBetter(name: string): boolean {
  return HIGHER_IS_BETTER.test(name) && !/loss|error/i.test(name);
}

/** Names of all metrics, in the order in which the tasks report them. */
export function metricNames(tasks: readonly TaskState[]): string[] {
  return [...new Set(tasks.flatMap(task => Object.keys(task.result?.metrics ?? {})))];
}

/** The trained tasks, best first: by the first metric, or by the loss when there is none. */
export function ranking(tasks: readonly TaskState[]): TaskState[] {
  const trained = tasks.filter(task => task.result !== undefined);
  const [first] = metricNames(trained);
  const sign = first !== undefined && higherIsBetter(first) ? -1 : 1;
  const value = (task: TaskState): number => {
    const found = first === undefined ? task.result?.loss : task.result?.metrics[first];
    return found === null || found === undefined || Number.isNaN(found) ? Infinity : sign * found;
  };
  return trained.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === y ? 0 : x - y;
  });
}

/** Seconds the plan gives to a task; undefined when the plan does not have it. */
export function plannedSeconds(state: SessionState, task: string): number | undefined {
  const segments = state.plan?.plan.segments.filter(segment => segment.task === task) ?? [];
  return segments.length === 0 ? undefined : segments.reduce((sum, s) => sum + s.end - s.start, 0);
}

/** Seconds a task held devices, over all its attempts that ended. */
export function actualSeconds(task: TaskState): number | undefined {
  const ended = task.attempts.filter(attempt => attempt.endedAt !== undefined);
  return ended.length === 0
    ? undefined
    : ended.reduce((sum, attempt) => sum + (attempt.endedAt as number) - attempt.requestedAt, 0);
}

/** The trained tasks as a table, best first. */
export function leaderboard(state: SessionState, trans: ITranslation): ITable {
  const tasks = ranking(state.tasks);
  const metrics = metricNames(tasks);
  const early = tasks.some(task => task.result?.stoppedEarly);
  return {
    columns: [
      { label: trans.__('Task') },
      ...metrics.map(label => ({ label, align: 'right' as const })),
      { label: trans.__('Training loss'), align: 'right' },
      ...(early ? [{ label: trans.__('Steps'), align: 'right' as const, narrow: 'below' as const }] : []),
      { label: trans.__('Strategy'), narrow: 'tooltip' },
      { label: trans.__('Planned'), align: 'right', narrow: 'tooltip' },
      { label: trans.__('Took'), align: 'right' },
      { label: trans.__('Model'), narrow: 'tooltip' }
    ],
    rows: tasks.map(task => [
      task.spec.name,
      ...metrics.map(name => metric(task.result?.metrics[name], trans)),
      metric(task.result?.loss, trans),
      ...(early ? [earlyStopWords(task, trans) ?? count(task.progress.step)] : []),
      strategies(task, trans),
      duration(plannedSeconds(state, task.spec.name), trans),
      duration(actualSeconds(task), trans),
      task.result?.model ?? NOTHING
    ])
  };
}

/** The strategies a task was trained with, in turn: `single x1, then ddp x2`. */
function strategies({ attempts }: TaskState, trans: ITranslation): string {
  const labels = [...new Set(attempts.map(attempt => strategyLabel(attempt.strategy)))];
  return labels.length === 0
    ? NOTHING
    : labels.reduce((before, label) => trans.__('%1, then %2', before, label));
}
