import { strategyLabel } from '../../model/strategy.js';
import { isPaused } from '../../model/sweepTasks.js';
import type { ITranslation } from '../../model/translation.js';
import type { Attempt, SessionState, TaskState } from '../../wire/messages.js';
import { type Blocks, lead, sentence, tableBlock } from '../display/block.js';
import { count, duration, NOTHING, stepTime } from '../format/format.js';
import { fusedWords, othersIn } from '../format/fusedWords.js';
import type { ICell, Row } from '../format/table.js';

/**
 * How often a task was begun, each time how and where, and why that ended.
 *
 * @param now - seconds since the epoch.
 */
export function attemptsView(task: TaskState, state: SessionState, now: number, trans: ITranslation): Blocks {
  const attempts = task.next ? [...task.attempts, task.next] : task.attempts;
  if (attempts.length === 0) {
    return notBegun(task, state, trans);
  }
  return [
    tableBlock({
      label: trans.__('Attempts of %1', task.spec.name),
      columns: [
        { label: '#', align: 'right' },
        { label: trans.__('Strategy') },
        { label: trans.__('Node') },
        { label: trans.__('Devices') },
        { label: trans.__('Steps'), align: 'right' },
        { label: trans.__('Step takes'), align: 'right' },
        { label: trans.__('Took'), align: 'right' },
        { label: trans.__('Ended') }
      ],
      rows: attempts.map((attempt, i) =>
        row(attempt, attempts[i + 1], task, { now, others: othersIn(state.tasks, attempt) }, trans)
      )
    })
  ];
}

function row(
  attempt: Attempt,
  following: Attempt | undefined,
  task: TaskState,
  { now, others }: { readonly now: number; readonly others: number },
  trans: ITranslation
): Row {
  const { number, strategy, node, devices, requestedAt, endedAt, stepSeconds } = attempt;
  const note = fusedWords(others, trans);
  return [
    String(number),
    { text: strategyLabel(strategy), ...(note !== undefined && { note }) },
    node,
    devices.join(', '),
    stepRange(attempt, following, task, trans),
    stepTime(stepSeconds),
    duration((endedAt ?? now) - requestedAt, trans),
    endCell(attempt, following, task, trans)
  ];
}

/** `1 to 400`: the steps that an attempt has made, as far as that is known. */
function stepRange(
  attempt: Attempt,
  following: Attempt | undefined,
  { progress }: TaskState,
  trans: ITranslation
): string {
  const { fromStep = 0, savedStep, endedAt } = attempt;
  const to =
    following !== undefined && endedAt !== undefined ? (following.fromStep ?? savedStep) : progress.step;
  return to === undefined || to <= fromStep ? NOTHING : trans.__('%1 to %2', count(fromStep + 1), count(to));
}

/** Why an attempt ended; of one that lasts, what it is at. */
function endCell(
  attempt: Attempt,
  following: Attempt | undefined,
  task: TaskState,
  trans: ITranslation
): ICell {
  const { outcome, endedAt, startedAt, blameless, until } = attempt;
  if (endedAt === undefined) {
    return {
      text: startedAt === undefined ? trans.__('starting') : trans.__('trains'),
      tone: 'active',
      ...(until !== undefined && { note: trans.__('leaves after step %1', count(until)) })
    };
  }
  switch (outcome) {
    case 'finished':
      return { text: trans.__('trained to the end'), tone: 'good' };
    case 'failed':
      return { text: trans.__('failed'), tone: 'bad', title: task.error?.message };
    case 'oom':
      return { text: trans.__('out of memory'), tone: 'bad' };
    case 'lost':
      return {
        text: blameless ? trans.__('lost, by no fault of the task') : trans.__('its processes were lost'),
        tone: 'warning'
      };
    case 'stopped':
      if (following === undefined && isPaused(task)) {
        return { text: trans.__('left, to wait at a rung') };
      }
      return following !== undefined || task.status === 'ready'
        ? { text: trans.__('left, to go on by the plan') }
        : { text: trans.__('was stopped'), tone: 'warning' };
    case undefined:
      return { text: NOTHING };
  }
}

/** Why a task that has never trained has not. */
export function notBegun({ status }: TaskState, state: SessionState, trans: ITranslation): Blocks {
  switch (status) {
    case 'inspecting':
      return [lead(trans.__('It is being built: it has not begun to train.'))];
    case 'invalid':
      return [lead(trans.__('It cannot be built, so it has never trained. The error says why.'))];
    default:
      return [
        lead(trans.__('It has not begun to train.')),
        state.goal === 'run'
          ? sentence(trans.__('Its turn comes by the plan.'))
          : sentence(trans.__('Train the tasks with `%saturn run`.'))
      ];
  }
}
