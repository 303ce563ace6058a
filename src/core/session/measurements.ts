import { wayKey } from '../model/strategy.js';
import type { GroupEvent, ProfileCell, TaskState } from '../wire/messages.js';
import { believedCells } from './belief.js';
import { measuredCell } from './profileTable.js';
import { type ISession, isExploring, lastAttempt, withNews, withState, withTask } from './session.js';
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
  const { stepSeconds } = cell;
  // What is only reported is not journaled: a replay does not know of it.
  const factor = unlikeness(session, task, stepSeconds, other => lastAttempt(other)?.stepSeconds);
  if (factor !== undefined) {
    return splitSignature(session, { kind: 'speed-differs', task: spec.name, stepSeconds, factor });
  }
  const { cells } = session.state;
  const known: Partial<ProfileCell> = measuredCell(cells, task, attempt.strategy, attempt.model) ?? {};
  const believed = measuredCell(believedCells(cells), task, attempt.strategy, attempt.model)?.stepSeconds;
  const { recalled: _, foreignBytes: __, ...before } = known;
  const found: ProfileCell = {
    ...before,
    ...cell,
    signature: inspection.signature,
    strategy: attempt.strategy,
    ...(attempt.model !== undefined && { model: attempt.model }),
    source: 'measured',
    hash: spec.hash,
    trained: known.stepSeconds ? (stepSeconds * (known.trained ?? 1)) / known.stepSeconds : 1
  };
  const noted = withTask(session, spec.name, {
    attempts: [...task.attempts.slice(0, -1), { ...attempt, stepSeconds }]
  });
  const measured = withTrainedCell(noted, found);
  if (isExploring(attempt)) {
    const counted = withState(measured, { trialsDone: measured.state.trialsDone + 1 });
    return withNews({ ...counted, bestMakespan: undefined }, { kind: 'measured', tasks: [spec.name] });
  }
  const off = believed === undefined ? 0 : Math.abs(stepSeconds - believed);
  const first = attempt.stepSeconds === undefined;
  return first && believed !== undefined && off > NEWS * believed && off > ERRORS * errorOf(cell)
    ? withNews(measured, { kind: 'speed', tasks: [spec.name], factor: stepSeconds / believed })
    : measured;
}

/** The session with what training found in the place of what was known; what failed for tasks stands beside it. */
export function withTrainedCell(session: ISession, found: ProfileCell): ISession {
  const key = wayKey(found.strategy, found.model);
  const others = session.state.cells.filter(
    old =>
      old.status === 'failed' || old.signature !== found.signature || wayKey(old.strategy, old.model) !== key
  );
  return withState(session, { cells: [...others, found] });
}

/** How far the median of a cell may be from the truth, in seconds. */
function errorOf({ spreadSeconds = 0, steps = 1 }: ProfileCell): number {
  return (MEDIAN_ERROR * spreadSeconds) / Math.sqrt(steps);
}
