import type { ITranslation } from '../../model/translation.js';
import type { TaskState } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { count, metric, NOTHING } from '../format/format.js';
import { ruleOf } from '../results/criterion.js';
import type { ITaskColumn } from './taskColumn.js';
import { bestMetric, goalIn, heldOutMetrics, lastMetric } from './taskMetric.js';

/** What tasks have learnt. */
interface IMetricColumns {
  /** The best value of what they are ranked by; where they are not, the loss of training. */
  readonly foremost: ITaskColumn;
  readonly others: readonly ITaskColumn[];
}

/**
 * What tasks have learnt: the newest loss of training, and of each metric the newest and the best value. Of metrics by which
 * they are not ranked the best is there once somebody wants it.
 */
export function metricColumns(tasks: readonly TaskState[], trans: ITranslation): IMetricColumns {
  const names = heldOutMetrics(tasks);
  const { metric: rule } = ruleOf(tasks.filter(task => task.result !== undefined));
  const ranked = rule ?? names.find(name => goalIn(tasks, name) !== undefined);
  const columns = [
    lossColumn(trans),
    ...names.flatMap(name => {
      const goal = goalIn(tasks, name);
      return [
        lastColumn(name, goal, trans),
        ...(goal === undefined ? [] : [bestColumn(name, goal, name === ranked, trans)])
      ];
    })
  ];
  const foremost =
    columns.find(({ id }) => ranked !== undefined && id === bestId(ranked)) ?? lossColumn(trans);
  return { foremost, others: columns.filter(({ id }) => id !== foremost.id) };
}

const bestId = (name: string): string => `best:${name}`;

function lossColumn(trans: ITranslation): ITaskColumn {
  const loss = ({ result, progress }: TaskState): number | null | undefined =>
    result ? result.loss : progress.loss;
  return {
    id: 'loss',
    label: trans.__('Loss'),
    about: trans.__('Loss of training, after the newest step that is known'),
    align: 'right',
    isUsual: true,
    width: 12,
    goal: 'min',
    mean: value => metric(value, trans),
    value: ({ task }) => loss(task) ?? undefined,
    cell: ({ task }) => ({ text: metric(loss(task), trans) })
  };
}

function lastColumn(name: string, goal: ITaskColumn['goal'], trans: ITranslation): ITaskColumn {
  return {
    id: `metric:${name}`,
    label: printable(name),
    about: trans.__('The newest value of %1', printable(name)),
    align: 'right',
    isUsual: true,
    width: Math.max(name.length + 2, 9),
    ...(goal && { goal }),
    mean: value => metric(value, trans),
    value: ({ task }) => lastMetric(task, name) ?? undefined,
    cell: ({ task }) => ({ text: metric(lastMetric(task, name), trans) })
  };
}

function bestColumn(name: string, goal: 'max' | 'min', isUsual: boolean, trans: ITranslation): ITaskColumn {
  const shown = printable(name);
  const label = trans.__('best %1', shown);
  return {
    id: bestId(name),
    label,
    about:
      goal === 'max' ? trans.__('The highest %1 so far', shown) : trans.__('The lowest %1 so far', shown),
    align: 'right',
    isUsual,
    width: label.length + 1,
    goal,
    mean: value => metric(value, trans),
    value: ({ task }) => bestMetric(task, name, goal)?.value,
    cell: ({ task }) => {
      const best = bestMetric(task, name, goal);
      return best
        ? { text: metric(best.value, trans), title: trans.__('at step %1', count(best.step)) }
        : { text: NOTHING };
    }
  };
}
