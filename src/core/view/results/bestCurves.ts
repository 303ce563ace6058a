import type { ITranslation } from '../../model/translation.js';
import { curveChart, type ILoggedCurve } from '../curves/curveChart.js';
import { type Block, curvesBlock } from '../display/block.js';

/** So many of the best tasks are drawn. */
export const BEST_CURVES = 5;

const SIZE = { width: 720, height: 200 };

/** How the best tasks came to what they are. */
export function bestCurves(curves: readonly ILoggedCurve[], trans: ITranslation): Block | false {
  const losses = curves
    .filter(({ metric, curve }) => metric === 'loss' && curve.values.some(value => value !== null))
    .map(({ curve }) => curve);
  const title =
    losses.length > 1
      ? trans._n('Training loss of the best task', 'Training loss of the best %1 tasks', losses.length)
      : trans.__('Training loss of %1', losses[0]?.task ?? '');
  return curvesBlock(curveChart(title, losses, trans), SIZE);
}
