import { isSameModel } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import { cellsOf } from '../profiling/signatureGroups.js';
import type {
  Attempt,
  GroupEvent,
  Inspection,
  ProfileCell,
  SessionEvent,
  TaskState
} from '../wire/messages.js';
import {
  findTask,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  withOtherSpeeds,
  withState,
  withTask
} from './session.js';
import { tableOf } from './taskTable.js';

/** A task that is slower or faster than its like by more than this is not like them. */
const UNLIKE = 1.5;

/** So many reports in turn must say so. */
export const REPORTS = 5;

/** How many spreads of what was measured a step must be off as well. */
const SPREADS = 3;

/**
 * A task is compared with so many on either side of it, and as many of those that train: a sweep's tasks, which are like each
 * other, stand together. All that train report, each several times a second: what one report costs must not grow with them.
 */
const AROUND = 64;

/** What stands between the signature of many and the name of the one that left them. */
const SEPARATOR = '/';

/** Whether a signature is that of a single task which was found to run at another speed than its like. */
export function isOwnSignature(signature: string): boolean {
  return signature.includes(SEPARATOR);
}

/** What an inspection found of a task, by the signature under which it is planned. */
export function signedInspection({ spec, unlike }: TaskState, inspection: Inspection): Inspection {
  return unlike === undefined
    ? inspection
    : { ...inspection, signature: `${inspection.signature}${SEPARATOR}${spec.name}` };
}

/**
 * Watch how fast a task runs against what was measured for its signature with another task. When it keeps being off, and
 * its like are not, it is asked to be planned by itself: by an event, since what it reports is not journaled.
 */
export function noteSpeed(session: ISession, { task: name, attempt, kind, stepSeconds }: GroupEvent): IStep {
  const task = findTask(session, name);
  if (!task || kind !== 'step' || stepSeconds === undefined || lastAttempt(task)?.number !== attempt) {
    return { session, commands: [] };
  }
  const reported = ({ progress }: TaskState): number | undefined => progress.stepSeconds;
  const factor = isActive(task) ? unlikeness(session, task, stepSeconds, reported) : undefined;
  const before = session.strikes[name] ?? 0;
  const sign = factor === undefined ? 0 : Math.sign(Math.log(factor));
  const strikes = sign === 0 ? 0 : Math.sign(before) === sign ? before + sign : sign;
  if (factor === undefined || Math.abs(strikes) < REPORTS) {
    return { session: withStrikes(session, name, strikes), commands: [] };
  }
  const event: SessionEvent = { kind: 'speed-differs', task: name, stepSeconds, factor };
  return { session: withStrikes(session, name, 0), commands: [{ kind: 'note', event }] };
}

/** A task gets a signature of its own, with the speed it runs at; the rest of its profile is measured when it matters. */
export function splitSignature(
  session: ISession,
  { task: name, stepSeconds, factor }: SessionEvent & { kind: 'speed-differs' }
): ISession {
  const task = findTask(session, name);
  const attempt = task && lastAttempt(task);
  if (!task?.inspection || !attempt || task.unlike) {
    return session;
  }
  const unlike = { factor };
  const inspection = signedInspection({ ...task, unlike }, task.inspection);
  const known = cellsOf(session.state.cells, task.inspection.signature);
  const own = known.flatMap((cell): ProfileCell[] => {
    const { recalled: _, spreadSeconds: __, ...rest } = { ...cell, signature: inspection.signature };
    if (cell.status === 'oom') {
      return [rest];
    }
    return cell.status === 'ok' && isOf(attempt, cell)
      ? [{ ...rest, source: 'measured', hash: task.spec.hash, stepSeconds, trained: 1 }]
      : [];
  });
  const split = withTask(session, name, { inspection, unlike });
  return withOtherSpeeds(withState(split, { cells: [...session.state.cells, ...own] }));
}

/**
 * By how much a task is slower than its like, when that is more than they differ anyway.
 *
 * @param speedOf - seconds a step of another task takes, if known.
 */
export function unlikeness(
  session: ISession,
  task: TaskState,
  stepSeconds: number,
  speedOf: (task: TaskState) => number | undefined
): number | undefined {
  const cell = measuredFor(session, task);
  if (!cell?.stepSeconds || cell.hash === task.spec.hash || task.unlike) {
    return undefined;
  }
  const others = othersOf(session, task);
  const like = others.filter(other => signatureOf(other) === signatureOf(task));
  if (like.length === 0) {
    return undefined;
  }
  const usual = median(ratios(session, like, speedOf)) ?? median(ratios(session, others, speedOf)) ?? 1;
  const expected = cell.stepSeconds * usual;
  const factor = stepSeconds / expected;
  const isOff = Math.max(factor, 1 / factor) > UNLIKE;
  return isOff && Math.abs(stepSeconds - expected) > SPREADS * (cell.spreadSeconds ?? 0) ? factor : undefined;
}

/** The tasks to compare a task with: those around it, and the nearest of those that train. */
function othersOf({ state: { tasks } }: ISession, task: TaskState): TaskState[] {
  const { places, active } = tableOf(tasks);
  const place = places.get(task.spec.name) ?? 0;
  const [from, to] = [Math.max(0, place - AROUND), place + AROUND + 1];
  const turn = active.findIndex(other => other >= place);
  const middle = turn < 0 ? active.length : turn;
  const training = active
    .slice(Math.max(0, middle - AROUND), middle + AROUND + 1)
    .filter(other => other < from || other >= to)
    .map(other => tasks[other]!);
  return [...tasks.slice(from, to), ...training].filter(other => other !== task);
}

/** How much longer than measured the steps of tasks take. */
function ratios(
  session: ISession,
  tasks: readonly TaskState[],
  speedOf: (task: TaskState) => number | undefined
): number[] {
  return tasks.flatMap(task => {
    const measured = measuredFor(session, task)?.stepSeconds;
    const stepSeconds = speedOf(task);
    return !measured || !stepSeconds ? [] : [stepSeconds / measured];
  });
}

/** What this session measured: what an earlier one did may be wrong altogether, and says nothing of one task alone. */
function measuredFor({ state }: ISession, task: TaskState): ProfileCell | undefined {
  const attempt = lastAttempt(task);
  // A step that is made together with others tells nothing of one alone.
  return attempt === undefined || attempt.fusion !== undefined
    ? undefined
    : cellsOf(state.cells, signatureOf(task)).find(
        cell => cell.status === 'ok' && cell.source === 'measured' && !cell.recalled && isOf(attempt, cell)
      );
}

/** Whether a cell is of the strategy of an attempt, on such devices. */
function isOf({ strategy, model }: Attempt, cell: ProfileCell): boolean {
  return isSameModel(cell.model, model) && strategyKey(cell.strategy) === strategyKey(strategy);
}

function signatureOf({ inspection }: TaskState): string {
  return inspection?.signature ?? '';
}

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function withStrikes(session: ISession, name: string, strikes: number): ISession {
  const { [name]: before = 0, ...others } = session.strikes;
  return before === strikes
    ? session
    : { ...session, strikes: strikes === 0 ? others : { ...others, [name]: strikes } };
}
