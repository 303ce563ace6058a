import type { TranslationBundle } from '@jupyterlab/translation';
import type { CurveAxis, IPlottedCurve, IStretch } from '../../core/view/detail/plottedCurves.js';
import type { ICurveStyle } from './curvePaths.js';

/** What a chart of curves draws. */
export interface ICurveContent {
  readonly lines: readonly IPlottedCurve[];
  /** Of each line. */
  readonly looks: readonly ICurveStyle[];
  /** Where tasks are compared, along the axis. */
  readonly rungs: readonly number[];
  readonly axis: CurveAxis;
  readonly metric: string;
  readonly log: boolean;
  /** What of the axis is looked at; all when null. */
  readonly stretch: IStretch | null;
  readonly trans: TranslationBundle;
}
