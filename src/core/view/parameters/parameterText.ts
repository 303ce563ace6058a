import type { ITranslation } from '../../model/translation.js';
import type { SessionState } from '../../wire/messages.js';
import { type Blocks, lead, sentence } from '../display/block.js';
import { noTasks } from '../display/emptyStates.js';
import { metric, NOTHING } from '../format/format.js';
import type { ITable } from '../format/table.js';
import type { IDimension, IDimensions } from './dimensions.js';
import { numberLabel } from './scale.js';

/** A value of a dimension, as it is said. */
export function dimensionValue(
  { isMetric }: IDimension,
  value: number | string | undefined,
  trans: ITranslation
): string {
  return value === undefined
    ? NOTHING
    : typeof value === 'string'
      ? value
      : isMetric
        ? metric(value, trans)
        : numberLabel(value);
}

/** What tasks are, and what came out, as a table. */
export function parameterTable(
  tasks: readonly string[],
  dimensions: readonly IDimension[],
  trans: ITranslation
): ITable {
  return {
    label: trans.__('Parameters and metrics of all tasks'),
    columns: [
      { label: trans.__('Task') },
      ...dimensions.map(({ label, kind }) => ({
        label,
        ...(kind === 'number' && { align: 'right' as const })
      }))
    ],
    rows: tasks.map(task => [
      task,
      ...dimensions.map(dimension => dimensionValue(dimension, dimension.values.get(task), trans))
    ])
  };
}

/** Why tasks cannot be compared by their parameters; nothing when they can. */
export function notComparable(
  { tasks }: SessionState,
  { parameters, metrics }: IDimensions,
  trans: ITranslation
): Blocks {
  if (tasks.length === 0) {
    return [lead(noTasks(trans))];
  }
  if (parameters.length === 0) {
    return [
      lead(trans.__('The tasks do not differ in any parameter.')),
      sentence(trans.__('Make a grid of them with `%%%%saturn task --sweep lr=1e-3,3e-3`.'))
    ];
  }
  return metrics.length === 0
    ? [
        lead(trans.__('No task has a loss or a metric yet, so there is nothing to compare parameters by.')),
        sentence(trans.__('Train the tasks with `%saturn run`.'))
      ]
    : [];
}
