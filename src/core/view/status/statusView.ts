import { strategyLabel } from '../../model/strategy.js';
import type { Goal, Rendered, SessionState, TaskState } from '../../wire/messages.js';
import { display, lead, sentence, tablePart } from '../format/display.js';
import { markup } from '../format/escape.js';
import { failuresPart } from '../format/failures.js';
import { count, duration, metric, NOTHING } from '../format/format.js';
import type { ICell, ITable } from '../format/table.js';
import { validationWords } from '../results/validationText.js';
import { NO_TASKS, statusCell } from '../tasks/taskStatusText.js';
import { leftOut, progressLine } from './progressLine.js';
import { taskTimeLeft } from './timeLeft.js';

const LATEST_NOTICES = 3;
const LEFT_OUT_HINT = 'Correct its cell and run it again, or choose other devices; then: %saturn plan';

const GOALS: Record<Goal, string | undefined> = {
  none: undefined,
  profile: 'Under way: measuring the tasks.',
  plan: 'Under way: a plan, after what is not measured yet.',
  run: 'Under way: training. It goes on when this notebook is closed.'
};

/** Where the session stands: one line, then every task. */
export function statusView(state: SessionState, now: number): Rendered {
  const goal = GOALS[state.goal];
  const failed = state.tasks.filter(task => task.error !== undefined);
  return display('status', [
    lead(progressLine(state, now)),
    state.agent === 'away' &&
      sentence(
        'The agent is away, so nothing new starts. Attaching a notebook with `%load_ext jupyterlab_saturn` starts it again.',
        'jp-saturn-note jp-saturn-warning'
      ),
    state.tasks.length === 0 ? sentence(NO_TASKS) : goal !== undefined && sentence(goal),
    state.tasks.length > 0 && state.goal === 'none' && nextStep(state),
    state.tasks.length > 0 && tablePart(progressTable(state, now)),
    failuresPart([
      ...state.notices.slice(-LATEST_NOTICES).map(error => ({ where: [], error })),
      ...leftOut(state).map(({ task, reason }) => ({
        where: [task],
        error: { code: 'left-out', message: `Left out: ${reason}`, hint: LEFT_OUT_HINT }
      })),
      ...failed.map(task => ({
        where: [task.spec.name],
        error: task.error as NonNullable<TaskState['error']>
      }))
    ])
  ]);
}

function nextStep(state: SessionState): ReturnType<typeof sentence> | false {
  const some = (status: TaskState['status']): boolean => state.tasks.some(task => task.status === status);
  if (some('stopped')) {
    return sentence('Go on from the checkpoints with `%saturn run`.');
  }
  const out = new Set(leftOut(state).map(({ task }) => task));
  if (state.tasks.some(task => task.status === 'ready' && !out.has(task.spec.name))) {
    return sentence(
      'Train them with `%saturn run`, or look first with `%saturn profile` and `%saturn plan`.'
    );
  }
  return some('finished') && sentence('See what came out with `%saturn results`.');
}

function progressTable(state: SessionState, now: number): ITable {
  const validated = state.tasks.some(task => validationWords(task) !== undefined);
  return {
    columns: [
      { label: 'Task' },
      { label: 'State' },
      { label: 'Progress' },
      { label: 'Loss', align: 'right' },
      ...(validated ? [{ label: 'Validated' }] : []),
      { label: 'Running as' },
      { label: 'Left', align: 'right' }
    ],
    rows: state.tasks.map(task => [
      task.spec.name,
      statusCell(task),
      progressCell(task),
      metric(task.result ? task.result.loss : task.progress.loss),
      ...(validated ? [validationWords(task) ?? NOTHING] : []),
      place(task),
      duration(taskTimeLeft(task, state, now))
    ])
  };
}

const BAR_CELLS = 10;

function progressCell(task: TaskState): ICell {
  const steps = task.inspection?.steps;
  if (steps === undefined || steps === 0) {
    return { text: NOTHING };
  }
  const step = Math.min(task.progress.step, steps);
  const full = Math.floor((step / steps) * BAR_CELLS);
  const words = `${count(step)}/${count(steps)}${task.result?.stoppedEarly ? ', stopped early' : ''}`;
  return {
    text: `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${words}`,
    html: markup`<progress max="${steps}" value="${step}" aria-label="Progress of ${task.spec.name}"></progress>${words}`
  };
}

function place(task: TaskState): string {
  const attempt = task.attempts.at(-1);
  return attempt && attempt.endedAt === undefined
    ? `${strategyLabel(attempt.strategy)} on ${attempt.devices.join(', ')}`
    : NOTHING;
}
