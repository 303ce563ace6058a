import type {
  DeviceKind,
  Failure,
  Feasibility,
  Inspection,
  InspectResult,
  KindVerdict,
  TaskState,
  TaskStatus
} from '../wire/messages.js';
import type { Inspectors } from './inspectors.js';
import { signedInspection } from './speeds.js';
import { isActive } from './taskTable.js';

/**
 * Whether a task is to be inspected on the host, for devices of a kind, and nothing was found yet. What was inspected for
 * others needs not wait for that.
 */
export function lacksVerdict(
  { status, onDevice, alike, look, inspection, verdicts = [] }: TaskState,
  kind: DeviceKind
): boolean {
  if (inspection?.partial && look !== 'first') {
    return look === 'rest' && (status === 'inspecting' || status === 'ready' || isActive({ status }));
  }
  if (alike === 'waits' || verdicts.some(verdict => verdict.kind === kind && !verdict.outdated)) {
    return false;
  }
  return status === 'inspecting'
    ? onDevice === undefined || isForOther(onDevice, kind)
    : verdicts.length > 0 && status !== 'invalid' && status !== 'finished';
}

function isForOther(place: NonNullable<TaskState['onDevice']>, kind: DeviceKind): boolean {
  return place.kind !== undefined && place.kind !== kind;
}

const INSPECTED: ReadonlySet<TaskStatus> = new Set(['inspecting', 'ready', 'invalid']);

/** Whether a result is of use: that of a task that is past its inspection is, if it lacks that. */
export function isAwaited(task: TaskState, { kind }: InspectResult): boolean {
  return INSPECTED.has(task.status) || (kind !== undefined && lacksVerdict(task, kind));
}

/**
 * A task of which an inspection has found something, for devices of one kind. It is ready, or known to be invalid, once that
 * is said for each kind that there is.
 */
export function withFound(task: TaskState, result: InspectResult, chosen: Inspectors): TaskState {
  const { kind, inspection, error = NO_ANSWER } = result;
  const {
    error: _gone,
    alike: _itself,
    look: _all,
    onDevice,
    inspection: old,
    verdicts = [],
    ...rest
  } = task;
  const found = inspection && signedInspection(task, inspection);
  if (found?.partial) {
    return { ...rest, ...(old && { verdicts }), inspection: found };
  }
  if (kind === undefined) {
    return found
      ? { ...rest, status: 'ready', inspection: found }
      : { ...rest, ...(old && { inspection: old }), status: 'invalid', error };
  }
  const others = verdicts.filter(verdict => verdict.kind !== kind);
  const together = joined(old, others, found, kind, chosen.size > 1);
  return settled(
    {
      ...rest,
      ...(together && { inspection: together }),
      ...(onDevice && isForOther(onDevice, kind) && { onDevice }),
      ...(task.error && !INSPECTED.has(task.status) && { error: task.error }),
      verdicts: [...others, { kind, ...(found ? {} : { error }) }]
    },
    chosen
  );
}

const NO_ANSWER: Failure = { code: 'internal', message: 'The inspection ended without an answer.' };

/** A task as what was found of it for the kinds of devices that there are makes it: still to be inspected for others, or not. */
export function settled(task: TaskState, chosen: Inspectors): TaskState {
  const { error: _gone, onDevice: _there, ...rest } = task;
  const verdicts = (task.verdicts ?? []).filter(({ kind }) => chosen.has(kind));
  if (!INSPECTED.has(task.status) || verdicts.length === 0) {
    return task;
  }
  if (task.status === 'inspecting' && verdicts.length < chosen.size) {
    return task;
  }
  const faults = verdicts.flatMap(({ error }) => error ?? []);
  return faults.length < verdicts.length || faults[0] === undefined
    ? { ...rest, status: 'ready' }
    : { ...rest, status: 'invalid', error: faults.at(-1) ?? faults[0] };
}

/**
 * What inspections for several kinds of devices have found, as one.
 *
 * @param others - what was said for other kinds.
 * @param isMixed - whether there are several kinds.
 */
function joined(
  old: Inspection | undefined,
  others: readonly KindVerdict[],
  found: Inspection | undefined,
  kind: DeviceKind,
  isMixed: boolean
): Inspection | undefined {
  const [before] = others.filter(({ error }) => error === undefined);
  const of = (all: readonly Feasibility[], own: DeviceKind): Feasibility[] =>
    all.map(one => ({ ...one, kind: one.kind ?? own }));
  const kept = old && before ? of(old.feasibility, before.kind).filter(one => one.kind !== kind) : [];
  if (!found) {
    return before && old ? { ...old, feasibility: kept } : old;
  }
  if (!isMixed && others.length === 0) {
    return found;
  }
  const own = of(found.feasibility, kind);
  if (!before || !old) {
    return { ...found, feasibility: own };
  }
  // Where it is not the same task for all, it is that which GPUs train.
  const isSame = old.signature === found.signature;
  const [main, first, second] = kind === 'cuda' ? [found, own, kept] : [old, kept, own];
  return {
    ...main,
    feasibility: [...first, ...(isSame ? second : second.map(one => ({ ...one, ...OTHER })))],
    warnings: [...new Set([...old.warnings, ...found.warnings])]
  };
}

const OTHER = { feasible: false, reason: 'Built for such devices it is another task.' };
