import type { ILoggedCurve } from '../../core/view/curves/curveChart.js';
import { BEST_CURVES } from '../../core/view/results/bestCurves.js';
import { ranking } from '../../core/view/results/criterion.js';
import type { Render, SessionState } from '../../core/wire/messages.js';
import { EVALUATED } from './logLines.js';
import type { TaskCurves } from './taskCurves.js';

/** Points of a curve in a picture. */
const POINTS = 300;

/** Tasks whose logs are drawn at once. */
const MOST_LOGS = 8;

/** Metrics of evaluations that are drawn of a log, beside the loss. */
const MOST_METRICS = 3;

/**
 * A picture is drawn once: it waits until all was read, so many milliseconds at most. That is well before who asks for it
 * gives up (20 s in a kernel), who is better off with part of the curves.
 */
const PATIENCE = 5000;

/**
 * The curves that a view shows.
 *
 * @param shown - names of the tasks that it is of; all when absent.
 */
export async function shownCurves(
  view: Render['view'],
  { tasks }: SessionState,
  shown: readonly string[] | undefined,
  curves: Pick<TaskCurves, 'read'>
): Promise<ILoggedCurve[]> {
  const chosen = shown ? tasks.filter(({ spec }) => shown.includes(spec.name)) : tasks;
  const names = (view === 'log' ? chosen.slice(0, MOST_LOGS) : ranking(chosen).slice(0, BEST_CURVES)).map(
    ({ spec }) => spec.name
  );
  const end = Date.now() + PATIENCE;
  const read = async (metric: string, of: readonly string[]): Promise<ILoggedCurve[]> => {
    const request = { tasks: [...of], metric, points: POINTS };
    return (await curves.read(tasks, request, { patience: Math.max(0, end - Date.now()) })).map(curve => ({
      metric,
      curve
    }));
  };
  if (names.length === 0) {
    return [];
  }
  const losses = await read('loss', names);
  if (view !== 'log') {
    return losses;
  }
  const all = await Promise.all(
    losses.map(async loss => {
      const { task, metrics } = loss.curve;
      const evaluated = metrics.filter(name => name.startsWith(EVALUATED)).slice(0, MOST_METRICS);
      return [loss, ...(await Promise.all(evaluated.map(name => read(name, [task])))).flat()];
    })
  );
  return all.flat();
}
