import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { curveChart, type ILoggedCurve } from '../curves/curveChart.js';
import { type Blocks, curvesBlock, lead, sentence } from '../display/block.js';
import { noTasks } from '../display/emptyStates.js';

const SIZE = { width: 720, height: 220 };

/** Evaluations are fewer, and told beneath. */
const EVALUATION_SIZE = { width: 720, height: 160 };

/** What tasks have logged, a picture for each metric that is given of each. */
export function logView(
  { tasks }: SessionState,
  trans: ITranslation,
  curves: readonly ILoggedCurve[]
): Blocks {
  if (tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  return tasks.flatMap(({ spec: { name } }) => {
    const charts = curves
      .filter(({ curve }) => curve.task === name)
      .map(({ metric, curve }) =>
        metric === 'loss'
          ? curvesBlock(curveChart(trans.__('Training loss of %1', name), [curve], trans), SIZE)
          : curvesBlock(curveChart(trans.__('%1 of %2', metric, name), [curve], trans), EVALUATION_SIZE)
      )
      .filter(block => block !== false);
    return charts.length > 0
      ? charts
      : [sentence(trans.__('%1 has logged no step yet; tasks do while they train: `%saturn run`.', name))];
  });
}
