import { goalOf } from '../../model/metricGoal.js';
import type { ITranslation } from '../../model/translation.js';
import type { Argument, Criterion, Range, SessionState, TaskState } from '../../wire/messages.js';
import { printable } from '../format/escape.js';
import { argument } from '../format/format.js';
import { ruleOf } from '../results/criterion.js';
import { sweepStandings } from '../results/sweepStanding.js';
import { categoryScale, type IScale, numberScale, suggestsLog } from './scale.js';

/** Something that tasks differ in: a parameter, or what came out. */
export interface IDimension {
  /** Unique, and the same in every state of a session. */
  readonly id: string;
  /** Printable, as are names of categories, whatever they are called. */
  readonly label: string;
  readonly kind: 'number' | 'category';
  readonly isMetric: boolean;
  /** Which is the better, where that is known of a metric. */
  readonly goal?: 'min' | 'max';
  /** What a sweep searches of it, where that is a range: points that are still to come are within it. */
  readonly range?: Range;
  /** What each task has of it, by name. Names of categories are as a person writes them. */
  readonly values: ReadonlyMap<string, number | string>;
}

/** In what the tasks of a session differ: parameters first, as they were written, then metrics. */
export interface IDimensions {
  readonly parameters: readonly IDimension[];
  readonly metrics: readonly IDimension[];
  /** Of `metrics`, that by which tasks are ranked; undefined when there is none. */
  readonly ranked?: IDimension;
}

/** In what the tasks of a session differ. */
export function dimensionsOf(state: SessionState, trans: ITranslation): IDimensions {
  const { tasks } = state;
  const names = [...new Set(tasks.flatMap(({ spec }) => Object.keys(spec.params)))];
  const parameters = [
    ...names.map(name =>
      parameter(
        `param:${name}`,
        name,
        valuesBy(tasks, ({ spec }) => spec.params[name]),
        rangeOf(state, name)
      )
    ),
    parameter(
      'spec:seed',
      trans.__('seed'),
      valuesBy(tasks, ({ spec }) => spec.seed)
    ),
    parameter(
      'spec:epochs',
      trans.__('epochs'),
      valuesBy(tasks, ({ spec }) => spec.epochs)
    ),
    parameter(
      'spec:steps',
      trans.__('steps'),
      valuesBy(tasks, ({ spec }) => spec.steps)
    )
  ].filter(({ values }) => new Set(values.values()).size > 1);
  const compared = comparedIn(state);
  const found = new Map<string, IDimension>();
  const add = (dimension: IDimension) => dimension.values.size > 0 && found.set(dimension.id, dimension);
  const known = new Map(
    tasks.map(task => [task, { ...compared.get(task.spec.name)?.metrics, ...metricsOf(task) }])
  );
  const said = new Map([...compared.values()].map(({ criterion }) => [criterion.metric, criterion.goal]));
  for (const name of new Set([...known.values()].flatMap(metrics => Object.keys(metrics)))) {
    const goal = said.get(name) ?? goalOf(name);
    const values = numbersBy(tasks, task => known.get(task)?.[name]);
    add({
      id: `metric:${name}`,
      label: printable(name),
      kind: 'number',
      isMetric: true,
      ...(goal && { goal }),
      values
    });
  }
  const loss = trans.__('training loss');
  const losses = numbersBy(tasks, ({ result, progress }) => (result ? result.loss : progress.loss));
  add({ id: 'loss', label: loss, kind: 'number', isMetric: true, goal: 'min', values: losses });
  const rule = ruleOf(tasks.filter(({ result }) => result !== undefined));
  const [first] = [...said.keys()].filter(name => found.has(`metric:${name}`));
  const by = first ?? rule.metric;
  const ranked = found.get(by === null ? 'loss' : `metric:${by}`);
  const metrics = [...found.values()];
  return { parameters, metrics, ...((ranked ?? metrics[0]) && { ranked: ranked ?? metrics[0] }) };
}

/** Where the values of a dimension are on an axis. */
export function scaleOf({ kind, values, isMetric, range }: IDimension, log: boolean): IScale {
  return kind === 'number'
    ? range
      ? numberScale([range.low, range.high, ...numbersIn(values)], log)
      : numberScale(numbersIn(values), log, !isMetric)
    : categoryScale([...new Set([...values.values()].map(String))].sort(byNumberThenName));
}

/** Whether a dimension is looked at by its logarithm unless somebody chooses: as its sweep searches it, or as its values are. */
export function startsLog({ values, isMetric, range }: IDimension): boolean {
  return range ? range.scale === 'log' : !isMetric && suggestsLog(numbersIn(values));
}

/** The numbers among values. */
export function numbersIn(values: IDimension['values']): number[] {
  return [...values.values()].filter(value => typeof value === 'number');
}

/** The metrics that a task has: of its end, or while it trains those evaluated last. */
function metricsOf({ result, validations }: TaskState): Readonly<Record<string, number | null>> {
  return result?.metrics ?? validations?.at(-1)?.metrics ?? {};
}

/** What sweeps have compared tasks by, by name of the task: of those that are not at their end, too. */
function comparedIn(
  state: SessionState
): Map<string, { criterion: Criterion; metrics: Readonly<Record<string, number | null>> }> {
  return new Map(
    sweepStandings(state).flatMap(({ criterion, standings }) =>
      standings.flatMap(({ task, value, step }) =>
        step === undefined || value === undefined || criterion.metric === 'loss'
          ? []
          : [[task.spec.name, { criterion, metrics: { [criterion.metric]: value } }] as const]
      )
    )
  );
}

/** The range in which all sweeps of a session search a parameter; undefined where one of them does not. */
function rangeOf({ sweeps = [], tasks }: SessionState, name: string): Range | undefined {
  const having = new Set(tasks.filter(({ spec }) => name in spec.params).map(({ spec }) => spec.sweep));
  const ranges = [...having].map(sweep => sweeps.find(({ spec }) => spec.name === sweep)?.spec.space[name]);
  const [first] = ranges;
  return first && 'low' in first && ranges.every(range => range && 'low' in range && isSame(range, first))
    ? first
    : undefined;
}

function isSame(a: Range, b: Range): boolean {
  return a.low === b.low && a.high === b.high && a.scale === b.scale;
}

function valuesBy(
  tasks: readonly TaskState[],
  value: (task: TaskState) => Argument | undefined
): Map<string, Argument> {
  return new Map(
    tasks.flatMap(task => {
      const found = value(task);
      return found === undefined ? [] : [[task.spec.name, found] as const];
    })
  );
}

function numbersBy(
  tasks: readonly TaskState[],
  value: (task: TaskState) => number | null | undefined
): Map<string, number> {
  return new Map(
    tasks.flatMap(task => {
      const found = value(task);
      return found === undefined || found === null || !Number.isFinite(found)
        ? []
        : [[task.spec.name, found] as const];
    })
  );
}

function parameter(
  id: string,
  label: string,
  values: ReadonlyMap<string, Argument>,
  range?: Range
): IDimension {
  const isNumber = [...values.values()].every(value => typeof value === 'number');
  return {
    id,
    label: printable(label),
    kind: isNumber ? 'number' : 'category',
    isMetric: false,
    ...(isNumber && range && { range }),
    values: new Map(
      [...values].map(([task, value]) => [task, isNumber ? Number(value) : printable(argument(value))])
    )
  };
}

/** Numbers first, by their size, then names. */
function byNumberThenName(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  const [isName, isOtherName] = [Number.isNaN(x), Number.isNaN(y)];
  if (isName !== isOtherName) {
    return isName ? 1 : -1;
  }
  return isName ? (a < b ? -1 : a > b ? 1 : 0) : x - y;
}
