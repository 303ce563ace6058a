import { ENGLISH } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { type CsvValue, csv } from '../format/csv.js';
import { argument } from '../format/format.js';
import { standingPlan } from '../gantt/standingPlan.js';
import { givenUpWords } from '../results/givenUpText.js';
import { actualSeconds, plannedSeconds } from '../results/leaderboard.js';

/**
 * Every task in a line (RFC 4180), in the order they were added. Columns of parameters and metrics are called
 * `params.NAME` and `metrics.NAME`, those of what a sweep compares after a step `rungs.STEP`; times are in seconds, moments since the epoch; what is not known is empty.
 */
export function tasksCsv(state: SessionState): string {
  const { tasks } = state;
  const plan = standingPlan(state);
  const params = namesOf(tasks, task => Object.keys(task.spec.params));
  const metrics = namesOf(tasks, task => Object.keys(task.result?.metrics ?? {}));
  const rungs = rungSteps(tasks);
  const head = [
    ...['task', 'status'],
    ...params.map(name => `params.${name}`),
    ...['technique', 'devices', 'device_ids', 'step', 'steps', 'loss'],
    ...metrics.map(name => `metrics.${name}`),
    ...rungs.map(step => `rungs.${step}`),
    ...(rungs.length > 0 ? ['given_up'] : []),
    ...[
      'planned_seconds',
      'seconds',
      'device_seconds',
      'started_at',
      'ended_at',
      'attempts',
      'model',
      'error'
    ]
  ];
  const lines = tasks.map((task): CsvValue[] => {
    const { spec, attempts, progress, result, inspection, error } = task;
    const last = attempts.at(-1);
    return [
      ...[spec.name, task.status],
      ...params.map(name => paramCell(spec.params[name])),
      ...[last?.strategy.technique, last?.strategy.devices, last?.devices.join(' ')],
      ...[progress.step, inspection?.steps, result ? result.loss : progress.loss],
      ...metrics.map(name => result?.metrics[name]),
      ...rungs.map(step => rungAt(task, step)),
      ...(rungs.length > 0 ? [givenUpCell(task)] : []),
      ...[plannedSeconds(plan, spec.name), actualSeconds(task), deviceSeconds(task)].map(inMilliseconds),
      ...[attempts[0]?.requestedAt, last?.endedAt, attempts.length],
      ...[result?.model === undefined ? undefined : `${state.folder}/${result.model}`, error?.message]
    ];
  });
  return csv([head, ...lines]);
}

function namesOf(tasks: readonly TaskState[], names: (task: TaskState) => string[]): string[] {
  return [...new Set(tasks.flatMap(names))];
}

/** After which steps tasks were compared with others, in order. */
function rungSteps(tasks: readonly TaskState[]): number[] {
  return [...new Set(tasks.flatMap(({ rungs = [] }) => rungs.map(({ step }) => step)))].sort((a, b) => a - b);
}

function rungAt({ rungs = [] }: TaskState, step: number): CsvValue {
  return rungs.find(rung => rung.step === step)?.value;
}

/** As `asha: 14 of 18 after 27 steps`, the same in all languages. */
function givenUpCell(task: TaskState): CsvValue {
  return givenUpWords(task, ENGLISH);
}

function paramCell(value: TaskState['spec']['params'][string] | undefined): CsvValue {
  return value === undefined || typeof value === 'number' ? value : argument(value);
}

/** Times are told since the epoch: what is left of their difference beyond that is no time. */
const inMilliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000) / 1000;

function deviceSeconds({ attempts }: TaskState): number | undefined {
  const ended = attempts.filter(attempt => attempt.endedAt !== undefined);
  return ended.length === 0
    ? undefined
    : ended.reduce(
        (sum, { endedAt, requestedAt, devices }) =>
          sum + ((endedAt as number) - requestedAt) * devices.length,
        0
      );
}
