import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { Argument, SessionState, TaskState, TaskStatus } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { argument, compactCount, count, duration, NOTHING, stepTime } from '../format/format.js';
import { lineage, standingWords, statusCell } from '../format/taskText.js';
import { taskWishWords } from '../format/wishText.js';
import { judgedWords } from '../results/givenUpText.js';
import { metricColumns } from './metricColumns.js';
import { devicesColumn, nodeColumn, strategyColumn } from './placeColumns.js';
import { progressColumn } from './progressColumn.js';
import { sweepColumns } from './sweepColumns.js';
import { argumentValue, type ITaskColumn } from './taskColumn.js';
import type { ITaskRow } from './taskRow.js';

/** Widest that a column of texts is made for its contents, in characters. */
const WIDEST = 24;

/**
 * All columns that the tasks of a session have: first what most want to know, which there is room for on small screens.
 *
 * @param now - seconds since the epoch, for times that are asked for.
 */
export function taskColumns(state: SessionState, now: number, trans: ITranslation): ITaskColumn[] {
  const { tasks } = state;
  const isVaried = (of: (task: TaskState) => unknown): boolean => new Set(tasks.map(of)).size > 1;
  const some = (has: (task: TaskState) => unknown): boolean => tasks.some(task => has(task) !== undefined);
  const metrics = metricColumns(tasks, trans);
  const sweeps = sweepColumns(state, trans);
  return [
    text('name', trans.__('Task'), tasks, ({ task }) => task.spec.name),
    ...sweeps.foremost,
    stateColumn(tasks, trans),
    ...(sweeps.foremost.length > 0 ? [] : [metrics.foremost]),
    progressColumn(trans),
    {
      ...number(
        'left',
        trans.__('Left'),
        row => row.left,
        seconds => duration(seconds, trans)
      ),
      about: trans.__('Time until it is trained, as it trains or by the plan')
    },
    text(
      'sweep',
      trans.__('Sweep'),
      tasks,
      ({ task }) => task.spec.sweep,
      isVaried(({ spec }) => spec.sweep)
    ),
    ...paramNames(tasks).map(name => paramColumn(name, tasks)),
    number(
      'seed',
      trans.__('Seed'),
      ({ task }) => task.spec.seed,
      count,
      isVaried(({ spec }) => spec.seed)
    ),
    ...sweeps.others,
    ...(sweeps.foremost.length > 0 ? [metrics.foremost] : []),
    ...metrics.others,
    {
      ...number('rate', trans.__('Samples/s'), samplesPerSecond, compactCount),
      about: trans.__('Samples that it trains with in a second'),
      goal: 'max' as const
    },
    {
      ...number('step-time', trans.__('Step'), stepSeconds, stepTime, false),
      about: trans.__('Time of one optimizer step'),
      goal: 'min' as const
    },
    strategyColumn(trans),
    devicesColumn(trans),
    nodeColumn(trans),
    {
      ...number(
        'planned',
        trans.__('Planned'),
        row => row.planned?.seconds,
        s => duration(s, trans)
      ),
      about: trans.__('Time that the plan gives it')
    },
    {
      ...number(
        'took',
        trans.__('Took'),
        row => row.took,
        seconds => duration(seconds, trans)
      ),
      about: trans.__('Time for which it has had devices, up to now'),
      goal: 'min' as const
    },
    {
      ...number(
        'device-seconds',
        trans.__('Device time'),
        row => row.deviceSeconds,
        s => duration(s, trans)
      ),
      about: trans.__('The time that it took, times the number of devices'),
      goal: 'min' as const
    },
    {
      ...text(
        'wishes',
        trans.__('Asked for'),
        tasks,
        ({ task }) =>
          taskWishWords(task, state.cluster, now, trans)
            .map(words => words.text)
            .join(', ') || undefined,
        some(task => task.wishes)
      ),
      about: trans.__('What the plan is to heed: deadline, priority, pin')
    },
    text(
      'origin',
      trans.__('Origin'),
      tasks,
      ({ task }) => lineage(task.spec, trans),
      some(t => t.spec.cloneOf)
    ),
    number('batch', trans.__('Batch'), ({ task }) => task.inspection?.batchSize, count, false),
    number(
      'parameters',
      trans.__('Parameters'),
      ({ task }) => task.inspection?.parameters,
      compactCount,
      false
    ),
    number('attempts', trans.__('Attempts'), ({ task }) => task.attempts.length || undefined, count, false)
  ];
}

/** Names of all parameters, in the order in which tasks have them. */
export function paramNames(tasks: readonly TaskState[]): string[] {
  const names = new Set<string>();
  for (const { spec } of tasks) {
    for (const name of Object.keys(spec.params)) {
      names.add(name);
    }
  }
  return [...names];
}

function text(
  id: string,
  label: string,
  tasks: readonly TaskState[],
  value: (row: ITaskRow) => string | undefined,
  isUsual = true
): ITaskColumn {
  const longest = id === 'name' ? 1 + Math.max(0, ...tasks.map(({ spec }) => spec.name.length)) : 12;
  return {
    id,
    label,
    isUsual,
    width: Math.min(WIDEST, Math.max(label.length, longest)),
    value,
    cell: row => ({ text: value(row) ?? NOTHING })
  };
}

function number(
  id: string,
  label: string,
  value: (row: ITaskRow) => number | undefined,
  words: (value: number) => string,
  isUsual = true
): ITaskColumn {
  return {
    id,
    label,
    align: 'right',
    isUsual,
    width: Math.max(label.length + 2, 10),
    ...(id !== 'seed' && { mean: words }),
    value,
    cell: row => {
      const known = value(row);
      return { text: known === undefined ? NOTHING : words(known) };
    }
  };
}

/** A value as it is written, but for what a number of the machine has more than was meant: `0.3`, not `0.30000000000000004`. */
function inFewDigits(value: Argument): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? argument(Number(value.toPrecision(6)))
    : argument(value);
}

function paramColumn(name: string, tasks: readonly TaskState[]): ITaskColumn {
  const values = tasks.flatMap(({ spec }) => {
    const value = spec.params[name];
    return value === undefined ? [] : [value];
  });
  const longest = Math.max(0, ...values.map(value => inFewDigits(value).length));
  return {
    id: `param:${name}`,
    label: printable(name),
    ...(values.every(value => typeof value === 'number') && { align: 'right' as const }),
    isUsual: true,
    width: Math.min(WIDEST, Math.max(name.length + 2, longest, 4)),
    value: ({ task }) => argumentValue(task.spec.params[name], argument),
    cell: ({ task }) => {
      const value = task.spec.params[name];
      if (value === undefined) {
        return { text: NOTHING };
      }
      const [text, whole] = [inFewDigits(value), argument(value)];
      return text === whole ? { text } : { text, title: whole };
    }
  };
}

/** What wants attention comes first. */
const STATUS_ORDER: readonly TaskStatus[] = [
  'failed',
  'invalid',
  'running',
  'starting',
  'stopping',
  'stopped',
  'inspecting',
  'ready',
  'finished'
];

/** As wide as what tasks say of their state; what waits for a device says more, and has a tooltip. */
function stateColumn(tasks: readonly TaskState[], trans: ITranslation): ITaskColumn {
  const distinct = new Map(
    tasks.map(task => {
      const { status, givenUp, moving, next } = task;
      return [`${status} ${isPaused(task)} ${givenUp !== undefined} ${moving} ${next !== undefined}`, task];
    })
  );
  const words = [...distinct.values()].map(task => standingWords(task, trans).text);
  return {
    id: 'state',
    label: trans.__('State'),
    isUsual: true,
    width: Math.max(9, ...words.map(({ length }) => length)),
    value: ({ task }) => STATUS_ORDER.indexOf(task.status),
    raw: ({ task }) => (task.givenUp ? 'given up' : isPaused(task) ? 'paused' : task.status),
    cell: row => {
      const { task } = row;
      const message = (task.error ?? task.result?.evaluationError)?.message ?? judgedWords(row, trans);
      const cell = statusCell(task, trans);
      return message === undefined ? cell : { ...cell, title: message };
    }
  };
}

/** Seconds of a step, as last measured in training; undefined before. */
function stepSeconds({ task: { progress, attempts } }: ITaskRow): number | undefined {
  return progress.stepSeconds ?? attempts.findLast(attempt => attempt.stepSeconds !== undefined)?.stepSeconds;
}

function samplesPerSecond(row: ITaskRow): number | undefined {
  const seconds = stepSeconds(row);
  const batch = row.task.inspection?.batchSize;
  return seconds === undefined || seconds <= 0 || batch === undefined ? undefined : batch / seconds;
}
