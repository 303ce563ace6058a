import { keyOfCell } from '../model/strategy.js';
import type { Attempt, GroupEvent, ProfileCell, TaskState } from '../wire/messages.js';
import { believedCells } from './belief.js';
import { cellOfRun, fusionBase, tasksIn } from './fusedRuns.js';
import { measuredCell } from './profileTable.js';
import {
  type ISession,
  isExploring,
  lastAttempt,
  mapTasks,
  withNews,
  withState,
  withTask
} from './session.js';
import { splitSignature, unlikeness } from './speeds.js';

/** A step that takes longer or shorter than planned by more than this share is news. */
const NEWS = 0.05;

/** So many standard errors of its measurement must a step be off as well. */
const ERRORS = 3;

/** Standard error of the median of so many normal numbers, in median absolute deviations over the root of their count. */
const MEDIAN_ERROR = 1.2533 * 1.4826;

/**
 * Note how fast a task was measured to train: better than any trial, so it takes its place. It is news the first time
 * that a rank group tells it, if it is not what was planned with; its end is news anyway.
 */
export function noteMeasured(session: ISession, task: TaskState, { cell }: GroupEvent): ISession {
  const attempt = lastAttempt(task);
  const { inspection, spec } = task;
  if (!cell?.stepSeconds || cell.status !== 'ok' || !attempt || !inspection) {
    return session;
  }
  if (attempt.fusion !== undefined) {
    return noteMeasuredRun(session, task, attempt, cell);
  }
  const { stepSeconds } = cell;
  // What is only reported is not journaled: a replay does not know of it.
  const factor = unlikeness(session, task, stepSeconds, other => lastAttempt(other)?.stepSeconds);
  if (factor !== undefined) {
    return splitSignature(session, { kind: 'speed-differs', task: spec.name, stepSeconds, factor });
  }
  const { cells } = session.state;
  const known = measuredCell(cells, task, attempt.strategy, attempt.model);
  const believed = measuredCell(believedCells(cells), task, attempt.strategy, attempt.model)?.stepSeconds;
  const found = {
    ...trainedCell(known, cell, attempt),
    signature: inspection.signature,
    hash: spec.hash
  };
  const noted = withTask(session, spec.name, {
    attempts: [...task.attempts.slice(0, -1), { ...attempt, stepSeconds }]
  });
  const measured = withTrainedCell(noted, found);
  if (isExploring(attempt)) {
    const counted = withState(measured, { trialsDone: measured.state.trialsDone + 1 });
    return withNews({ ...counted, bestMakespan: undefined }, { kind: 'measured', tasks: [spec.name] });
  }
  const first = attempt.stepSeconds === undefined;
  return first && believed !== undefined && isOff(cell, stepSeconds, believed)
    ? withNews(measured, { kind: 'speed', tasks: [spec.name], factor: stepSeconds / believed })
    : measured;
}

/** What a rank group found, with what was known before of the same. */
function trainedCell(
  known: ProfileCell | undefined,
  cell: ProfileCell,
  { strategy, model }: Attempt
): ProfileCell {
  const { recalled: _, foreignBytes: __, ...before } = known ?? ({} as Partial<ProfileCell>);
  const { stepSeconds = 0 } = cell;
  return {
    ...before,
    ...cell,
    strategy,
    ...(model !== undefined && { model }),
    source: 'measured',
    trained: known?.stepSeconds ? (stepSeconds * (known.trained ?? 1)) / known.stepSeconds : 1
  };
}

/** Note how fast a run of several tasks was measured to train: for as many as it has now, and all of them the same. */
function noteMeasuredRun(
  session: ISession,
  { spec, inspection }: TaskState,
  attempt: Attempt,
  cell: ProfileCell
): ISession {
  const { cells } = session.state;
  const { fusion = '', strategy, stepSeconds: before } = attempt;
  const { stepSeconds = 0, fused } = cell;
  const there = tasksIn(session.state, fusion);
  if (fused === undefined) {
    return session;
  }
  const base = fusionBase({ inspection });
  const count = { ...cell, signature: base ?? cell.signature, strategy };
  const key = keyOfCell({ ...count, model: attempt.model ?? cell.model });
  const known = cells.find(one => one.status === 'ok' && keyOfCell(one) === key);
  const believed =
    there.length === fused ? cellOfRun(there, attempt, believedCells(cells))?.stepSeconds : undefined;
  const names = new Set(there.map(task => task.spec.name));
  const noted = mapTasks(session, task =>
    names.has(task.spec.name)
      ? { ...task, attempts: [...task.attempts.slice(0, -1), { ...lastAttempt(task)!, stepSeconds }] }
      : task
  );
  const measured = withTrainedCell(noted, trainedCell(known, count, attempt));
  return before === undefined && believed !== undefined && isOff(cell, stepSeconds, believed)
    ? withNews(measured, { kind: 'speed', tasks: [spec.name], factor: stepSeconds / believed })
    : measured;
}

/** Whether a step takes so much longer or shorter than believed that it is not chance. */
function isOff(cell: ProfileCell, stepSeconds: number, believed: number): boolean {
  const off = Math.abs(stepSeconds - believed);
  return off > NEWS * believed && off > ERRORS * errorOf(cell);
}

/** The session with what training found in the place of what was known; what failed for tasks stands beside it. */
export function withTrainedCell(session: ISession, found: ProfileCell): ISession {
  const key = keyOfCell(found);
  const others = session.state.cells.filter(old => old.status === 'failed' || keyOfCell(old) !== key);
  return withState(session, { cells: [...others, found] });
}

/** How far the median of a cell may be from the truth, in seconds. */
function errorOf({ spreadSeconds = 0, steps = 1 }: ProfileCell): number {
  return (MEDIAN_ERROR * spreadSeconds) / Math.sqrt(steps);
}
