import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, metric, NOTHING } from '../format/format.js';
import type { ICell, ITable } from '../format/table.js';
import { lineage } from '../format/taskText.js';
import { metricNames, ranking } from './criterion.js';
import { stepsWords } from './validationText.js';

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
  const unevaluated = tasks.some(task => task.result?.evaluationError !== undefined);
  const steps = tasks.map(task => stepsWords(task, trans));
  const clones = tasks.some(task => task.spec.cloneOf !== undefined);
  const notable = steps.some(words => words !== undefined);
  return {
    columns: [
      { label: trans.__('Task') },
      ...metrics.map(label => ({ label, align: 'right' as const })),
      ...(unevaluated ? [{ label: trans.__('Evaluation') }] : []),
      { label: trans.__('Training loss'), align: 'right' },
      ...(notable ? [{ label: trans.__('Steps'), align: 'right' as const, narrow: 'below' as const }] : []),
      ...(clones ? [{ label: trans.__('Origin'), narrow: 'tooltip' as const }] : []),
      { label: trans.__('Strategy'), narrow: 'tooltip' },
      { label: trans.__('Planned'), align: 'right', narrow: 'tooltip' },
      { label: trans.__('Took'), align: 'right' },
      { label: trans.__('Model'), narrow: 'tooltip' }
    ],
    rows: tasks.map((task, i) => [
      task.spec.name,
      ...metrics.map(name => metric(task.result?.metrics[name], trans)),
      ...(unevaluated ? [evaluationCell(task, trans)] : []),
      metric(task.result?.loss, trans),
      ...(notable ? [steps[i] ?? count(task.progress.step)] : []),
      ...(clones ? [lineage(task.spec, trans) ?? NOTHING] : []),
      strategies(task, trans),
      duration(plannedSeconds(state, task.spec.name), trans),
      duration(actualSeconds(task), trans),
      task.result?.model ?? NOTHING
    ])
  };
}

function evaluationCell({ result }: TaskState, trans: ITranslation): ICell {
  const error = result?.evaluationError;
  return error === undefined
    ? { text: trans.__('done') }
    : { text: trans.__('failed'), tone: 'bad', title: error.message };
}

/** The strategies a task was trained with, in turn: `single x1, then ddp x2`. */
function strategies({ attempts }: TaskState, trans: ITranslation): string {
  const labels = [...new Set(attempts.map(attempt => strategyLabel(attempt.strategy)))];
  return labels.length === 0
    ? NOTHING
    : labels.reduce((before, label) => trans.__('%1, then %2', before, label));
}
