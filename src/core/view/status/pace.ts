import { isSameModel, modelAt } from '../../model/deviceModels.js';
import { strategyKey } from '../../model/strategy.js';
import type {
  Attempt,
  DeviceShare,
  ProfileCell,
  SessionState,
  Strategy,
  TaskState
} from '../../wire/messages.js';

/** Steps after which an attempt's own time says more of its pace than the last step does. */
const ENOUGH_STEPS = 3;

/** How much of the run's first seconds is trusted: as if so many had gone as measured before. */
const TRUST_SECONDS = 2;

/** A longer gap between two tasks on a device is no pace: the run was stopped, or waited for something. */
const LONGEST_GAP = 10;

/** How fast a run is, against what was measured before it. */
export interface IPace {
  /** So many times as long as a trial said does a step take in training. */
  readonly stretch: number;
  /** What a task takes besides its steps: before the first, and after the last. */
  readonly starts: IMean;
  readonly ends: IMean;
}

/** Something seen several times. */
interface IMean {
  readonly seconds: number;
  readonly times: number;
}

const paces = new WeakMap<SessionState, IPace>();
const keys = new WeakMap<Strategy, string>();
const places = new WeakMap<DeviceShare, readonly string[]>();
const tables = new WeakMap<readonly ProfileCell[], Map<string, Map<string, ProfileCell[]>>>();

/** How fast the run under way is, by all that it has done; as measured before while it has done nothing. */
export function paceOf(state: SessionState): IPace {
  const known = paces.get(state);
  const pace = known ?? measurePace(state);
  paces.set(state, pace);
  return pace;
}

/** A strategy on certain devices; on any where these are not known. */
export interface IWay extends Pick<Attempt, 'strategy' | 'model' | 'fusion'>, Partial<DeviceShare> {}

/**
 * Seconds a task takes for some of its steps by a strategy, with starting and ending; undefined where that was not measured, as of
 * one that is trained together with others.
 *
 * @param pace - of the run in which it is to train.
 */
export function secondsFor(
  state: SessionState,
  signature: string,
  work: IWay & { readonly steps: number },
  pace: IPace
): number | undefined {
  const cell = work.fusion === undefined ? measuredCell(state, signature, work) : undefined;
  const step = cell && stepSecondsOf(cell, pace);
  return step === undefined
    ? undefined
    : startSeconds(cell, pace) + work.steps * step + endSeconds(cell, pace);
}

/** What was measured of a signature under a strategy, on such devices; undefined when nothing was. */
export function measuredCell(
  { cells, cluster }: Pick<SessionState, 'cells' | 'cluster'>,
  signature: string,
  { strategy, model, node, devices }: IWay
): ProfileCell | undefined {
  let table = tables.get(cells);
  if (table === undefined) {
    table = new Map();
    for (const cell of cells) {
      if (cell.status === 'ok' && cell.stepSeconds !== undefined) {
        const known = table.get(cell.signature) ?? new Map<string, ProfileCell[]>();
        const key = keyOf(cell.strategy);
        table.set(cell.signature, known.set(key, [cell, ...(known.get(key) ?? [])]));
      }
    }
    tables.set(cells, table);
  }
  const found = table.get(signature)?.get(keyOf(strategy)) ?? [];
  if (found.length < 2) {
    return found[0];
  }
  const on = model ?? (cluster && node && devices ? modelAt(cluster, { node, devices }) : undefined);
  return found.find(cell => isSameModel(cell.model, on));
}

/** Seconds of a step as it is to be expected: training knows it already, or it is stretched as others are. */
export function stepSecondsOf({ stepSeconds, trained }: ProfileCell, { stretch }: IPace): number | undefined {
  return stepSeconds === undefined ? undefined : trained === undefined ? stepSeconds * stretch : stepSeconds;
}

/** Seconds before the first step; what was measured counts as much as one task that was seen. */
export function startSeconds(cell: ProfileCell | undefined, { starts }: IPace): number {
  return blend(cell?.startSeconds, starts);
}

/** Seconds after the last step: checkpoint, evaluation, model. */
export function endSeconds(cell: ProfileCell | undefined, { ends }: IPace): number {
  return blend(cell?.saveSeconds, ends);
}

/** Seconds of a step of an attempt, from its first on; undefined before it has done any. */
export function ownStepSeconds({ progress }: TaskState, attempt: Attempt): number | undefined {
  const { startedAt, fromStep = 0 } = attempt;
  const done = progress.step - fromStep;
  const took = startedAt === undefined || progress.at === undefined ? 0 : progress.at - startedAt;
  return done >= ENOUGH_STEPS && took > 0 ? took / done : (progress.stepSeconds ?? attempt.stepSeconds);
}

function measurePace(state: SessionState): IPace {
  const seen = attemptsSeen(state);
  const stretched = seen.filter(({ trial, own }) => trial !== undefined && own !== undefined);
  const sum = (of: (one: ISeen) => number): number =>
    stretched.reduce((total, one) => total + one.steps * of(one), TRUST_SECONDS);
  return {
    stretch: sum(({ own = 0 }) => own) / sum(({ trial = 0 }) => trial),
    starts: meanOf(seen.map(({ start }) => start)),
    ends: meanOf(seen.map(({ end }) => end))
  };
}

/** What an attempt of this run tells of its pace, in seconds. */
interface ISeen {
  readonly steps: number;
  /** Of a step. */
  readonly own?: number;
  /** Of a step, as a trial said. */
  readonly trial?: number;
  /** From when its devices were free to its first step. */
  readonly start?: number;
  /** From its last step to its end. */
  readonly end?: number;
}

function attemptsSeen(state: SessionState): ISeen[] {
  const from = state.run?.startedAt ?? 0;
  const all = state.tasks
    .flatMap(task => task.attempts.map((attempt, i) => ({ task, attempt, next: task.attempts[i + 1] })))
    .filter(({ attempt }) => attempt.requestedAt >= from && !isBroken(attempt))
    .sort((a, b) => a.attempt.requestedAt - b.attempt.requestedAt);
  const left = new Map<string, number>();
  return all.map(({ task, attempt, next }) => {
    const own = placesOf(attempt);
    const free = own.reduce((last, place) => Math.max(last, left.get(place) ?? -Infinity), -Infinity);
    for (const place of own) {
      left.set(place, attempt.endedAt ?? Infinity);
    }
    return seenOf(state, task, attempt, next, free);
  });
}

/** What went wrong says nothing of how fast the others are. */
function isBroken({ outcome }: Attempt): boolean {
  return outcome === 'failed' || outcome === 'oom' || outcome === 'lost';
}

/**
 * What an attempt tells.
 *
 * @param next - that in which the task went on, if it has.
 * @param free - when its devices were free, in seconds since the epoch.
 */
function seenOf(
  state: SessionState,
  task: TaskState,
  attempt: Attempt,
  next: Attempt | undefined,
  free: number
): ISeen {
  const { startedAt, endedAt, requestedAt, fromStep = 0 } = attempt;
  const cell = measuredCell(state, task.inspection?.signature ?? '', attempt);
  // Of tasks that are trained in one run, a step is one of all of them.
  const isAlone = attempt.fusion === undefined;
  const trial =
    isAlone && cell?.stepSeconds !== undefined ? cell.stepSeconds / (cell.trained ?? 1) : undefined;
  const steps = Math.max(0, (next?.fromStep ?? task.progress.step) - fromStep);
  const gap = Math.max(0, requestedAt - free);
  const start =
    startedAt === undefined ? undefined : startedAt - requestedAt + (gap <= LONGEST_GAP ? gap : 0);
  if (endedAt === undefined || startedAt === undefined) {
    return { steps, own: next ? undefined : ownStepSeconds(task, attempt), trial, start };
  }
  const own = attempt.stepSeconds ?? (next ? undefined : task.progress.stepSeconds);
  const trained = endedAt - startedAt;
  return own === undefined
    ? // Nothing tells its steps from its end: all of it was steps.
      { steps, own: steps > 0 ? trained / steps : undefined, trial, start }
    : { steps, own, trial, start, end: Math.max(0, trained - steps * own) };
}

function meanOf(values: readonly (number | undefined)[]): IMean {
  const known = values.filter(value => value !== undefined);
  return { seconds: known.reduce((sum, value) => sum + value, 0), times: known.length };
}

const blend = (before: number | undefined, { seconds, times }: IMean): number =>
  before === undefined ? (times === 0 ? 0 : seconds / times) : (before + seconds) / (1 + times);

function keyOf(strategy: Strategy): string {
  let key = keys.get(strategy);
  if (key === undefined) {
    key = strategyKey(strategy);
    keys.set(strategy, key);
  }
  return key;
}

/** The devices of something by names of their own. */
export function placesOf(share: DeviceShare): readonly string[] {
  let own = places.get(share);
  if (own === undefined) {
    own = share.devices.map(device => `${share.node}/${device}`);
    places.set(share, own);
  }
  return own;
}
