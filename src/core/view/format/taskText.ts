import { sharesOf } from '../../model/schedule/deviceRuns.js';
import { strategyLabel } from '../../model/strategy.js';
import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type {
  Argument,
  Cluster,
  Segment,
  SessionState,
  TaskSpec,
  TaskState,
  TaskStatus
} from '../../wire/messages.js';
import { argument, count, metric } from './format.js';
import { fusedWords, othersIn } from './fusedWords.js';
import type { ICell, Tone } from './table.js';

/** A task's status, told by a sign, in words, and by how it is meant. */
export interface IStatusWords {
  readonly sign: string;
  readonly text: string;
  readonly tone?: Tone;
}

/** A status in a person's words. */
export function statusWords(status: TaskStatus, trans: ITranslation): IStatusWords {
  switch (status) {
    case 'inspecting':
      return { sign: '…', text: trans.__('being built'), tone: 'muted' };
    case 'invalid':
      return { sign: '✕', text: trans.__('cannot be built'), tone: 'bad' };
    case 'ready':
      return { sign: '○', text: trans.__('ready') };
    case 'starting':
      return { sign: '…', text: trans.__('starting') };
    case 'running':
      return { sign: '▸', text: trans.__('training') };
    case 'stopping':
      return { sign: '…', text: trans.__('stopping') };
    case 'stopped':
      return { sign: '■', text: trans.__('stopped'), tone: 'warning' };
    case 'finished':
      return { sign: '✓', text: trans.__('trained'), tone: 'good' };
    case 'failed':
      return { sign: '✕', text: trans.__('failed'), tone: 'bad' };
  }
}

/** What tells of a task what it is. */
export type Standing = Pick<TaskState, 'status' | 'givenUp' | 'pausedAt' | 'moving' | 'next'>;

/**
 * What a task is: its status, or that the rule of its sweep trains it no further, or has it wait, or that it is about to go on
 * elsewhere.
 */
export function standingWords(task: Standing, trans: ITranslation): IStatusWords {
  const { status, givenUp } = task;
  if (status === 'stopping' ? task.moving : task.next) {
    return { sign: '↷', text: trans.__('moving') };
  }
  if (isPaused(task)) {
    return { sign: '‖', text: trans.__('paused'), tone: 'muted' };
  }
  return givenUp ? { sign: '◇', text: trans.__('given up'), tone: 'muted' } : statusWords(status, trans);
}

/** A parameter of a sweep: `vit`, which says what it is, or `width=8`, where the value alone does not. */
export function paramWords(name: string, value: Argument): string {
  return typeof value === 'string' && /[A-Za-z]/.test(value) ? value : `${name}=${argument(value)}`;
}

/** What a clone was made of, and with whose weights it begins: `from mlp-8 at step 400`; undefined for others. */
export function lineage({ cloneOf, warmStart }: TaskSpec, trans: ITranslation): string | undefined {
  if (warmStart && warmStart.step > 0) {
    return trans.__('from %1 at step %2', warmStart.task, count(warmStart.step));
  }
  if (warmStart) {
    return trans.__('from the start of %1', warmStart.task);
  }
  return cloneOf === undefined ? undefined : trans.__('clone of %1', cloneOf);
}

/** A task's status in a table. */
export function statusCell(task: TaskState, trans: ITranslation): ICell {
  if (task.result?.evaluationError !== undefined) {
    return { text: trans.__('trained, not evaluated'), tone: 'warning' };
  }
  const { text, tone } = standingWords(task, trans);
  if (task.status !== 'inspecting' || task.onDevice === undefined) {
    return { text, tone };
  }
  const { device } = task.onDevice;
  return {
    text:
      device === undefined
        ? trans.__('waits to be built on a device')
        : trans.__('being built on %1', device),
    tone
  };
}

/** `22 of 44 steps`; undefined while the task is not built. */
export function stepWords({ progress, inspection }: TaskState, trans: ITranslation): string | undefined {
  return (
    inspection &&
    trans._n(
      '%2 of %3 step',
      '%2 of %3 steps',
      inspection.steps,
      count(progress.step),
      count(inspection.steps)
    )
  );
}

/** `loss 0.7310`; undefined before the first. */
export function lossWords({ progress }: TaskState, trans: ITranslation): string | undefined {
  return progress.loss === undefined ? undefined : trans.__('loss %1', metric(progress.loss, trans));
}

/** How and where a task trains: `ddp x2 on cpu0, cpu1`, with the node where there are several, and others in the same run; undefined while it does not. */
export function placeWords(
  task: TaskState,
  { cluster, tasks }: Pick<SessionState, 'cluster' | 'tasks'>,
  trans: ITranslation
): string | undefined {
  const attempt = task.attempts.at(-1);
  if (!attempt || attempt.endedAt !== undefined) {
    return undefined;
  }
  const words = trans.__('%1 on %2', strategyLabel(attempt.strategy), deviceNames(attempt, cluster));
  const fused = fusedWords(othersIn(tasks, attempt), trans);
  return fused === undefined ? words : trans.__('%1, %2', words, fused);
}

/** `cuda0, cuda1`, or `gpu-2 cuda0, cuda1; gpu-3 cuda0, cuda1` where there are several nodes. */
export function deviceNames(
  place: Pick<Segment, 'node' | 'devices' | 'elsewhere'>,
  cluster: Cluster | undefined
): string {
  return sharesOf(place)
    .map(({ node, devices }) => {
      const names = devices.join(', ');
      return cluster?.nodes.every(({ id }) => id === node) ? names : `${node} ${names}`;
    })
    .join('; ');
}
