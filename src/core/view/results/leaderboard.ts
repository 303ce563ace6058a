import { metricIn } from '../../model/metricName.js';
import { strategyLabel } from '../../model/strategy.js';
import type { ITranslation } from '../../model/translation.js';
import type { PlanState, SessionState, TaskState } from '../../wire/messages.js';
import { count, duration, metric, NOTHING } from '../format/format.js';
import type { ICell, ITable } from '../format/table.js';
import { lineage } from '../format/taskText.js';
import { standingPlan } from '../gantt/standingPlan.js';
import { metricNames, ranking } from './criterion.js';
import { givenUpWords } from './givenUpText.js';
import { type IStanding, sweepStandings } from './sweepStanding.js';
import { stepsWords } from './validationText.js';

/** Seconds a plan gives to a task; undefined when it does not have it. */
export function plannedSeconds(plan: PlanState | undefined, task: string): number | undefined {
  const segments = plan?.plan.segments.filter(segment => segment.task === task) ?? [];
  return segments.length === 0 ? undefined : segments.reduce((sum, s) => sum + s.end - s.start, 0);
}

/** Seconds a task held devices, over all its attempts that ended. */
export function actualSeconds(task: TaskState): number | undefined {
  const ended = task.attempts.filter(attempt => attempt.endedAt !== undefined);
  return ended.length === 0
    ? undefined
    : ended.reduce((sum, attempt) => sum + (attempt.endedAt as number) - attempt.requestedAt, 0);
}

/** The trained tasks as a table, best first; then those that the rules of their sweeps have given up. */
export function leaderboard(state: SessionState, trans: ITranslation): ITable {
  const trained = ranking(state.tasks);
  const out = sweepStandings(state).flatMap(({ standings, criterion }) =>
    standings.filter(({ task }) => task.givenUp).map(standing => ({ ...standing, metric: criterion.metric }))
  );
  const tasks = [...trained, ...out.map(({ task }) => task)];
  const found = new Map(out.map(one => [one.task, one]));
  const metrics = metricNames(trained);
  const unevaluated = tasks.some(task => task.result?.evaluationError !== undefined);
  const steps = tasks.map(task => stepsWords(task, trans));
  const clones = tasks.some(task => task.spec.cloneOf !== undefined);
  const plan = standingPlan(state);
  const planned = tasks.map(task => plannedSeconds(plan, task.spec.name));
  const some = planned.some(seconds => seconds !== undefined);
  const notable = steps.some(words => words !== undefined);
  return {
    columns: [
      { label: trans.__('Task') },
      ...(out.length > 0 ? [{ label: trans.__('Given up'), narrow: 'below' as const }] : []),
      ...metrics.map(label => ({ label, align: 'right' as const })),
      ...(unevaluated ? [{ label: trans.__('Evaluation') }] : []),
      { label: trans.__('Training loss'), align: 'right' },
      ...(notable ? [{ label: trans.__('Steps'), align: 'right' as const, narrow: 'below' as const }] : []),
      ...(clones ? [{ label: trans.__('Origin'), narrow: 'tooltip' as const }] : []),
      { label: trans.__('Strategy'), narrow: 'tooltip' },
      ...(some ? [{ label: trans.__('Planned'), align: 'right' as const, narrow: 'tooltip' as const }] : []),
      { label: trans.__('Took'), align: 'right' },
      { label: trans.__('Model'), narrow: 'tooltip' }
    ],
    rows: tasks.map((task, i) => [
      task.spec.name,
      ...(out.length > 0 ? [givenUpWords(task, trans) ?? NOTHING] : []),
      ...metrics.map(name => metricCell(task, name, found.get(task), trans)),
      ...(unevaluated ? [evaluationCell(task, trans)] : []),
      metric(task.result ? task.result.loss : task.progress.loss, trans),
      ...(notable ? [steps[i] ?? count(task.progress.step)] : []),
      ...(clones ? [lineage(task.spec, trans) ?? NOTHING] : []),
      strategies(task, trans),
      ...(some ? [duration(planned[i], trans)] : []),
      duration(actualSeconds(task), trans),
      task.result?.model ?? NOTHING
    ])
  };
}

/** A metric of a task; of one that was given up with the step at which it was found, as it is not that of its end. */
function metricCell(
  { result }: TaskState,
  name: string,
  standing: (IStanding & { readonly metric: string }) | undefined,
  trans: ITranslation
): string | ICell {
  if (standing?.step === undefined || metricIn([name], standing.metric) === undefined) {
    return metric(result?.metrics[name], trans);
  }
  const note = trans._n('after %2 step', 'after %2 steps', standing.step, count(standing.step));
  return { text: metric(standing.value, trans), note, tone: 'muted' };
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
