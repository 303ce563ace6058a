import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import type { ILoggedCurve } from '../curves/curveChart.js';
import { type Blocks, failuresBlock, lead, sentence, tableBlock } from '../display/block.js';
import { noResults, noTasks } from '../display/emptyStates.js';
import { failedTasks } from '../format/failures.js';
import { count, duration, taskCount } from '../format/format.js';
import { bestCurves } from './bestCurves.js';
import { ranking } from './criterion.js';
import { leaderboard } from './leaderboard.js';
import { sweepBlocks, sweepFailures } from './sweepText.js';
import { bestSentences } from './winner.js';

/**
 * The trained tasks, best first, and what became of the others.
 *
 * @param curves - of what the best of them have logged.
 */
export function resultsView(
  state: SessionState,
  trans: ITranslation,
  curves: readonly ILoggedCurve[] = []
): Blocks {
  if (state.tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  const ranked = ranking(state.tasks);
  const failed = state.tasks.filter(
    ({ status, givenUp }) => !givenUp && (status === 'failed' || status === 'invalid')
  );
  const givenUp = state.tasks.filter(task => task.givenUp);
  const failures = failuresBlock([...sweepFailures(state), ...failedTasks(state.tasks, 'results', trans)]);
  if (ranked.length === 0) {
    return [...noResults(state, trans), ...sweepBlocks(state, trans), failures];
  }
  const waiting = state.tasks.length - ranked.length - failed.length - givenUp.length;
  const { run } = state;
  const facts = [
    trans.__('%1 of %2 trained', count(ranked.length), taskCount(state.tasks.length, trans)),
    ...(run?.endedAt === undefined
      ? []
      : [trans.__('the run took %1', duration(run.endedAt - run.startedAt - (run.idleSeconds ?? 0), trans))]),
    ...(givenUp.length > 0 ? [trans.__('%1 given up early', count(givenUp.length))] : []),
    ...(waiting > 0 ? [trans.__('%1 not finished', count(waiting))] : []),
    ...(failed.length > 0 ? [trans.__('%1 failed', count(failed.length))] : [])
  ];
  return [
    ...bestSentences(ranked, trans),
    sentence(`${facts.join(', ')}.`),
    ...sweepBlocks(state, trans),
    tableBlock(leaderboard(state, trans)),
    bestCurves(curves, trans),
    givenUp.length > 0 &&
      sentence(trans.__('Train one that was given up to its end with `%saturn run` and its name.')),
    ranked.some(task => task.result?.model !== undefined) &&
      sentence(trans.__('Models lie in `%1`.', state.folder.replaceAll('`', "'"))),
    failures
  ];
}
