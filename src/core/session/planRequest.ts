import { cellKey, strategyKey, strategyLabel } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
import { kindKey } from '../profiling/profileGrid.js';
import type {
  Attempt,
  Placement,
  PlanBudget,
  PlanOption,
  PlanRequest,
  PlanTask,
  ProfileCell,
  Segment,
  SessionState,
  Strategy,
  TaskState
} from '../wire/messages.js';
import { believedCells } from './belief.js';
import { areAllPlannedOn, plannedCluster } from './plannedCluster.js';
import { isMeasured } from './profileTable.js';
import { planLeft } from './projection.js';
import { comingAttempt, isActive, isOpen, isStaying } from './session.js';
import { overNodes } from './spanning.js';
import { targetStep } from './stretches.js';
import { hasActive } from './taskTable.js';
import { jointConstraints, taskConstraints } from './wishes.js';

/** What to plan besides the state: see {@link planRequest}. */
export interface IPlanRequestOptions {
  /** Names to plan, besides active tasks; all open ones when absent or null. */
  readonly selection?: readonly string[] | null;
  /** The profile to plan with; what was really measured when absent. */
  readonly cells?: readonly ProfileCell[];
  readonly budget?: PlanBudget;
  readonly seed?: number;
  /** Whether to tell the price of every alternative; true when absent. */
  readonly explain?: boolean;
  /** Whether to plan all steps of tasks that are to wait for others on the way. */
  readonly whole?: boolean;
  /** How tasks may be moved; those that train stay when absent. */
  readonly switches?: PlanRequest['switches'];
  /** Whether to offer a task that trains other strategies only once training has measured what it does; false when absent. */
  readonly cautious?: boolean;
}

/**
 * How many spreads a step may in truth be faster or slower than measured. The spread is a median absolute deviation:
 * 3 of them are 2 standard deviations of normal noise.
 */
const SPREADS = 3;

/**
 * While tasks train: a step may take longer by this share than what no training has measured yet. It keeps tasks from moving for
 * what is only hoped for.
 */
const MARGIN = 0.3;

/** A step is at least this share of what was measured, however much the measurements spread. */
const LEAST_SHARE = 0.1;

/**
 * The planning question a session poses: the remaining steps of each task, and the measured
 * strategies it may use. Active tasks stay where they are, unless devices of theirs are to be kept free: such a task is
 * planned like one that waits.
 *
 * @param now - seconds since the epoch; tells how far running tasks are.
 */
export function planRequest(
  state: SessionState,
  now: number,
  options: IPlanRequestOptions = {}
): PlanRequest {
  const usable =
    options.cells ?? believedCells(state.cells.filter(cell => isMeasured(cell) || cell.status === 'pruned'));
  const training = hasActive(state.tasks);
  const cells = new Map(
    usable
      .filter(cell => cell.status !== 'failed')
      .map(cell => [cellKey(cell.signature, cell.strategy), training ? withMargin(cell) : cell])
  );
  const failed = new FailedTrials(usable);
  const chosen = options.selection ? new Set(options.selection) : null;
  const shared = new Map<string, PlanOption[]>();
  const cluster = plannedCluster(state);
  const tasks = state.tasks
    .filter(task => isOpen(task, state) && (isStaying(task) || (chosen?.has(task.spec.name) ?? true)))
    .map(task => ({
      ...taskConstraints(task, cluster, now),
      ...planTask(state, task, { cells, failed, shared }, now, options)
    }));
  const request: PlanRequest = {
    cluster,
    tasks,
    ...jointConstraints(state, tasks, now),
    excludeTechniques: state.excludeTechniques,
    explain: options.explain ?? true,
    ...(options.switches && { switches: options.switches }),
    seed: options.seed ?? 0,
    budget: options.budget ?? {}
  };
  const previous = training && !options.whole ? planLeft(state, request) : [];
  return previous.length > 0 ? { ...request, previous } : request;
}

function withMargin(cell: ProfileCell): ProfileCell {
  const { stepSeconds, trained, spreadSeconds = 0 } = cell;
  return trained !== undefined || stepSeconds === undefined
    ? cell
    : { ...cell, spreadSeconds, stepSecondsHigh: (1 + MARGIN) * stepSeconds };
}

/** What planning knows of how tasks run. */
interface IKnown {
  readonly cells: ReadonlyMap<string, ProfileCell>;
  readonly failed: FailedTrials;
  /** The options of tasks that are alike, by what inspection found of them. */
  readonly shared: Map<string, PlanOption[]>;
}

function planTask(
  state: SessionState,
  task: TaskState,
  { cells, failed, shared }: IKnown,
  now: number,
  { whole = false, cautious = false }: IPlanRequestOptions
): PlanTask {
  const target = whole ? (task.inspection?.steps ?? 1) : targetStep(task);
  const later = (task.inspection?.steps ?? 1) - target;
  const plan: PlanTask = {
    name: task.spec.name,
    steps: Math.max(0, target - stepsDone(task, now)),
    ...(later > 0 && { later }),
    options: sharedOptions(state, task, { cells, failed, shared })
  };
  if (plan.options.length === 0) {
    plan.reason = whyNone(task, cells, failed);
  }
  const attempt = comingAttempt(task);
  if (isStaying(task) && attempt && areAllPlannedOn(state, attempt)) {
    const key = strategyKey(attempt.strategy);
    const stepSeconds = runningSpeed(task, attempt, cells);
    plan.running = placementOf(attempt);
    if (wouldBeginAnew(task) || task.next) {
      const { elsewhere: _, ...place } = plan.running;
      plan.pin = place;
    }
    const cell = cells.get(cellKey(task.inspection?.signature ?? '', attempt.strategy));
    // Before training has measured what it does, nothing is known of whether it is better off otherwise.
    const isKnown = attempt.stepSeconds !== undefined || cell?.trained !== undefined;
    const others = isKnown || !cautious || task.wishes?.pin ? plan.options : [];
    plan.options = [
      ...others.filter(option => strategyKey(option.strategy) !== key),
      {
        strategy: attempt.strategy,
        stepSeconds,
        startSeconds: cell?.startSeconds ?? 0,
        ...spanOf(attempt.strategy),
        ...measured(cell, stepSeconds)
      }
    ];
  }
  return plan;
}

/** Where a segment or an attempt has its task. */
export function placementOf({
  strategy,
  node,
  devices,
  elsewhere
}: Pick<Segment, 'strategy' | 'node' | 'devices' | 'elsewhere'>): Placement {
  return { strategy, node, devices, ...(elsewhere && { elsewhere }) };
}

function spanOf({ nodes }: Strategy): Pick<PlanOption, 'span'> {
  return nodes === undefined ? {} : { span: nodes };
}

/** Whether a task trains by a loop of its own that has saved nothing yet: moved, it might lose all it has done. */
export function wouldBeginAnew({ inspection, checkpointStep }: TaskState): boolean {
  return inspection?.native !== undefined && checkpointStep === undefined;
}

/** What a task does is its best measurement: its cell may be gone, or spoilt by another task. */
function runningSpeed(task: TaskState, attempt: Attempt, cells: ReadonlyMap<string, ProfileCell>): number {
  const { inspection, progress, next } = task;
  const cell = cells.get(cellKey(inspection?.signature ?? '', attempt.strategy));
  const planned = attempt.planned ? attempt.planned.end - attempt.planned.start : 0;
  return (
    attempt.stepSeconds ||
    (next ? undefined : progress.stepSeconds) ||
    cell?.stepSeconds ||
    planned / (inspection?.steps ?? 1) ||
    1e-3
  );
}

function sharedOptions(
  state: SessionState,
  task: TaskState,
  { cells, failed, shared }: IKnown
): PlanOption[] {
  const { inspection } = task;
  if (!inspection || failed.hasFailed(inspection.signature)) {
    return optionsOf(state, task, cells, failed);
  }
  const key = kindKey(inspection);
  const options = shared.get(key) ?? optionsOf(state, task, cells, failed);
  shared.set(key, options);
  return options;
}

function optionsOf(
  state: SessionState,
  { spec: { hash }, inspection }: TaskState,
  cells: ReadonlyMap<string, ProfileCell>,
  failed: FailedTrials
): PlanOption[] {
  const { signature = '', feasibility = [] } = inspection ?? {};
  const options: PlanOption[] = [];
  for (const { strategy, feasible } of [...feasibility, ...overNodes(feasibility, state)]) {
    const cell = cells.get(cellKey(signature, strategy));
    const works = cell?.status === 'ok' && !failed.failure({ signature, hash }, strategy);
    if (feasible && works && cell.stepSeconds !== undefined) {
      options.push({
        strategy,
        stepSeconds: cell.stepSeconds,
        startSeconds: cell.startSeconds ?? 0,
        ...spanOf(strategy),
        ...measured(cell, cell.stepSeconds)
      });
    }
  }
  return options;
}

/** What a cell tells besides the step time: what leaving costs, between what bounds it lies, and the memory. */
function measured(cell: ProfileCell | undefined, stepSeconds: number): Partial<PlanOption> {
  const { spreadSeconds, peakBytes, saveSeconds, stepSecondsHigh } = cell ?? {};
  return {
    ...(saveSeconds !== undefined && { stopSeconds: saveSeconds }),
    ...(spreadSeconds !== undefined && {
      stepSecondsLow: Math.max(stepSeconds - SPREADS * spreadSeconds, LEAST_SHARE * stepSeconds),
      stepSecondsHigh: Math.max(stepSeconds + SPREADS * spreadSeconds, stepSecondsHigh ?? 0)
    }),
    ...(peakBytes !== undefined && { peakBytes })
  };
}

/** Steps a task need not do again: what ran, or for a waiting task what a checkpoint holds. */
function stepsDone(task: TaskState, now: number): number {
  if (!isActive(task)) {
    return task.checkpointStep ?? 0;
  }
  const { step, stepSeconds, at } = task.progress;
  // Between reports the task goes on at its last known speed.
  const since = at !== undefined && stepSeconds ? Math.floor((now - at) / stepSeconds) : 0;
  return step + Math.max(0, since);
}

/**
 * In the user's words: why no strategy can run a task. What was tried tells more than what could
 * not be; what befell several strategies is told once.
 */
function whyNone(
  { spec: { hash }, inspection }: TaskState,
  cells: ReadonlyMap<string, ProfileCell>,
  failed: FailedTrials
): string {
  const { signature = '' } = inspection ?? {};
  const verdicts = inspection?.feasibility ?? [];
  const tried = verdicts.filter(verdict => verdict.feasible);
  const labels = new Map<string, string[]>();
  for (const { strategy, feasible, reason } of tried.length > 0 ? tried : verdicts) {
    const cell = failed.failure({ signature, hash }, strategy) ?? cells.get(cellKey(signature, strategy));
    const why = !feasible
      ? (reason ?? 'not feasible')
      : cell === undefined
        ? 'not measured'
        : cell.status === 'oom'
          ? 'out of memory'
          : cell.status === 'failed'
            ? `its trial failed (${cell.error?.message ?? 'no message'})`
            : (cell.reason ?? cell.status);
    labels.set(why, [...(labels.get(why) ?? []), strategyLabel(strategy)]);
  }
  const reasons = [...labels].map(([why, strategies]) => `${strategies.join(', ')}: ${why}`);
  return reasons.length > 0 ? reasons.join('; ') : 'No technique knows how to run it.';
}
