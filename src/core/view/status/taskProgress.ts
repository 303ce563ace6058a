import type { ITranslation } from '../../model/translation.js';
import type { SessionState, TaskState } from '../../wire/messages.js';
import { count, metric, NOTHING, roughly } from '../format/format.js';
import type { ICell, ITable } from '../format/table.js';
import { lossWords, placeWords, statusCell, stepWords } from '../format/taskText.js';
import { taskWishWords } from '../format/wishText.js';
import { validationWords } from '../results/validationText.js';
import { taskTimeLeft } from './timeLeft.js';

/**
 * What there is to say of a task in training, fact by fact.
 *
 * @param now - seconds since the epoch.
 */
export function trainingFacts(
  task: TaskState,
  state: SessionState,
  now: number,
  trans: ITranslation
): string[] {
  const left = taskTimeLeft(task, state, now);
  return [
    stepWords(task, trans),
    left === undefined ? undefined : trans.__('%1 left', roughly(left, trans)),
    lossWords(task, trans),
    validationWords(task, trans),
    placeWords(task, state, trans),
    ...taskWishWords(task, state.cluster, now, trans).map(({ text }) => text)
  ].filter(fact => fact !== undefined);
}

/**
 * How far tasks are.
 *
 * @param now - seconds since the epoch.
 * @param tasks - those of the session that are told of.
 */
export function progressTable(
  state: SessionState,
  now: number,
  trans: ITranslation,
  tasks: readonly TaskState[] = state.tasks
): ITable {
  const wished = tasks.some(task => task.wishes !== undefined);
  const validated = tasks.some(task => validationWords(task, trans) !== undefined);
  return {
    columns: [
      { label: trans.__('Task') },
      { label: trans.__('State') },
      { label: trans.__('Progress') },
      { label: trans.__('Loss'), align: 'right' },
      ...(validated ? [{ label: trans.__('Validated') }] : []),
      { label: trans.__('Running as') },
      ...(wished ? [{ label: trans.__('Asked for') }] : []),
      { label: trans.__('Left'), align: 'right' }
    ],
    rows: tasks.map(task => [
      task.spec.name,
      statusCell(task, trans),
      progressCell(task, trans),
      metric(task.result ? task.result.loss : task.progress.loss, trans),
      ...(validated ? [validationWords(task, trans) ?? NOTHING] : []),
      placeWords(task, state, trans) ?? NOTHING,
      ...(wished ? [wishWords(task, state, now, trans)] : []),
      leftWords(task, state, now, trans)
    ])
  };
}

function leftWords(task: TaskState, state: SessionState, now: number, trans: ITranslation): string {
  const left = taskTimeLeft(task, state, now);
  return left === undefined ? NOTHING : roughly(left, trans);
}

function wishWords(task: TaskState, { cluster }: SessionState, now: number, trans: ITranslation): string {
  return (
    taskWishWords(task, cluster, now, trans)
      .map(({ text }) => text)
      .join(', ') || NOTHING
  );
}

function progressCell(task: TaskState, trans: ITranslation): ICell {
  const of = task.inspection?.steps;
  if (of === undefined || of === 0) {
    return { text: NOTHING };
  }
  const done = Math.min(task.progress.step, of);
  const numbers = `${count(done)}/${count(of)}`;
  return {
    text: task.result?.stoppedEarly ? trans.__('%1, stopped early', numbers) : numbers,
    progress: { done, of, label: trans.__('Progress of %1', task.spec.name) }
  };
}
