import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, lead, sentence } from '../display/block.js';
import { noneBuilt, noTasks } from '../display/emptyStates.js';
import { listing } from '../format/format.js';
import { notBegun } from './attemptsView.js';
import { metricLabel } from './curveText.js';
import type { CurveAxis } from './plottedCurves.js';

/** Names told of metrics that are logged. */
const NAMES = 6;

/**
 * Why there is no curve to draw.
 *
 * @param about - what is looked at: the metric, those that are logged, and whether an answer is being waited for.
 */
export function noCurves(
  state: SessionState,
  tasks: readonly TaskState[],
  about: {
    readonly metric: string;
    readonly metrics: readonly string[];
    readonly isAsking: boolean;
    readonly log: boolean;
    readonly axis: CurveAxis;
    /** Whether a part of the axis is looked at only. */
    readonly isZoomed: boolean;
  },
  trans: ITranslation
): Blocks {
  if (state.tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  const begun = tasks.filter(({ attempts }) => attempts.length > 0);
  const [first] = tasks;
  if (begun.length === 0) {
    return first && tasks.length === 1 ? notBegun(first, state, trans) : noneBegun(state, trans);
  }
  if (about.isAsking) {
    return [lead(trans.__('Reading…'))];
  }
  if (about.metrics.length === 0) {
    return [
      lead(trans.__('Nothing is logged yet.')),
      sentence(trans.__('The first steps are logged a moment after they are done.'))
    ];
  }
  const label = metricLabel(about.metric, trans);
  if (!about.metrics.includes(about.metric)) {
    return [
      lead(trans.__('%1: nothing of it is logged.', label)),
      sentence(
        trans.__(
          'There is: %1.',
          listing(
            about.metrics.map(name => metricLabel(name, trans)),
            trans,
            NAMES
          )
        )
      )
    ];
  }
  if (about.isZoomed) {
    return [
      lead(trans.__('%1: there is no value in what is looked at.', label)),
      sentence(trans.__('“Show all” goes back to the whole curve.'))
    ];
  }
  if (about.axis === 'sample' && begun.every(({ inspection }) => inspection?.batchSize === undefined)) {
    return [
      lead(trans.__('How many samples a step has is not known here.')),
      sentence(trans.__('Choose another axis, steps or time.'))
    ];
  }
  return [
    about.log
      ? lead(trans.__('%1 has no value above zero, so there is none on a logarithmic scale.', label))
      : lead(trans.__('%1 is logged, but none of its values is a number.', label))
  ];
}

function noneBegun(state: SessionState, trans: ITranslation): Blocks {
  return [
    lead(trans.__('No task has begun to train.')),
    state.tasks.every(({ status }) => status === 'invalid')
      ? sentence(noneBuilt(trans))
      : state.goal === 'none'
        ? sentence(trans.__('Train the tasks with `%saturn run`.'))
        : sentence(trans.__('The tasks are measured and planned first.'))
  ];
}
