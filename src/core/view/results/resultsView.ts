import type { Rendered, SessionState, TaskState } from '../../wire/messages.js';
import { display, type IPart, lead, sentence, tablePart } from '../format/display.js';
import { failuresPart } from '../format/failures.js';
import { count, duration, metric, plural } from '../format/format.js';
import { NO_TASKS } from '../tasks/taskStatusText.js';
import { leaderboard, metricNames, ranking } from './leaderboard.js';

/** The trained tasks, best first, and what became of the others. */
export function resultsView(state: SessionState): Rendered {
  return display('results', resultsParts(state));
}

/** What the results view and the report say of the results. */
export function resultsParts(state: SessionState): (IPart | false)[] {
  if (state.tasks.length === 0) {
    return [lead(NO_TASKS)];
  }
  const ranked = ranking(state.tasks);
  const failed = state.tasks.filter(task => task.status === 'failed' || task.status === 'invalid');
  const troubles = failuresPart(
    failed.flatMap(task => (task.error ? [{ where: [task.spec.name], error: task.error }] : []))
  );
  if (ranked.length === 0) {
    return [
      lead('No results yet.'),
      sentence(
        state.goal === 'run'
          ? 'No task has finished training; see how far they are with `%saturn status`.'
          : 'Train the tasks with `%saturn run`.'
      ),
      troubles
    ];
  }
  const waiting = state.tasks.length - ranked.length - failed.length;
  const { run } = state;
  return [
    lead(best(ranked)),
    sentence(
      [
        `${count(ranked.length)} of ${plural(state.tasks.length, 'task')} trained`,
        ...(run?.endedAt === undefined ? [] : [`the run took ${duration(run.endedAt - run.startedAt)}`]),
        ...(waiting > 0 ? [`${count(waiting)} not finished`] : []),
        ...(failed.length > 0 ? [`${count(failed.length)} failed`] : [])
      ]
        .join(', ')
        .concat('.')
    ),
    tablePart(leaderboard(state)),
    ranked.some(task => task.result?.model !== undefined) &&
      sentence(`Models lie in \`${state.folder.replaceAll('`', "'")}\`.`),
    troubles
  ];
}

function best(ranked: readonly TaskState[]): string {
  const [first] = ranked;
  const [name] = metricNames(ranked);
  const value =
    name === undefined
      ? `loss ${metric(first?.result?.loss)}`
      : `${name} ${metric(first?.result?.metrics[name])}`;
  return `Best: ${first?.spec.name}, ${value}.`;
}
