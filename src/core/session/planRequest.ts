import { isMeasuredFor, modelAt, strategyKinds } from '../model/deviceModels.js';
import { strategyKey } from '../model/strategy.js';
import { FailedTrials } from '../profiling/failedTrials.js';
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
  TaskState
} from '../wire/messages.js';
import { believedCells } from './belief.js';
import { cellOfRun, sharedRun, stayingIn } from './fusedRuns.js';
import { fusionsOf } from './fusions.js';
import { areAllPlannedOn, plannedCluster } from './plannedCluster.js';
import { isMeasured } from './profileTable.js';
import { planLeft } from './projection.js';
import { comingAttempt, isActive, isOpen, isStaying, lastAttempt } from './session.js';
import { widestSpan } from './spanning.js';
import { likelySteps } from './stopRules/likelySteps.js';
import { targetStep } from './stretches.js';
import { cellOn, cellTable, type IKnown, measured, sharedOptions, spanOf, whyNone } from './taskOptions.js';
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
  /** Names of tasks that may be trained in one run, beside the runs that are offered anyway. */
  readonly runs?: readonly (readonly string[])[];
  /** Whether to offer a task that trains other strategies only once training has measured what it does; false when absent. */
  readonly cautious?: boolean;
}

/**
 * While tasks train: a step may take longer by this share than what no training has measured yet. It keeps tasks from moving for
 * what is only hoped for.
 */
const MARGIN = 0.3;

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
  const alone = usable.filter(({ fused }) => fused === undefined);
  const cells = cellTable(
    alone.filter(cell => cell.status !== 'failed').map(cell => (training ? withMargin(cell) : cell))
  );
  const failed = new FailedTrials(alone);
  const chosen = options.selection ? new Set(options.selection) : null;
  const shared = new Map<string, PlanOption[]>();
  const cluster = plannedCluster(state);
  const known: IKnown = { cluster, span: widestSpan(state), cells, failed, shared, usable };
  const tasks = state.tasks
    .filter(task => isOpen(task, state) && (isStaying(task) || (chosen?.has(task.spec.name) ?? true)))
    .map(task => ({
      ...taskConstraints(task, cluster, now),
      ...planTask(state, task, known, now, options)
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
  const fusions = fusionsOf(state, request, usable, options.runs && { given: options.runs });
  const asked = fusions.length > 0 ? { ...request, fusions } : request;
  const previous = training && !options.whole ? planLeft(state, asked) : [];
  return previous.length > 0 ? { ...asked, previous } : asked;
}

function withMargin(cell: ProfileCell): ProfileCell {
  const { stepSeconds, trained, spreadSeconds = 0 } = cell;
  return trained !== undefined || stepSeconds === undefined
    ? cell
    : { ...cell, spreadSeconds, stepSecondsHigh: (1 + MARGIN) * stepSeconds };
}

function planTask(
  state: SessionState,
  task: TaskState,
  known: IKnown,
  now: number,
  { whole = false, cautious = false }: IPlanRequestOptions
): PlanTask {
  const target = whole ? (task.inspection?.steps ?? 1) : targetStep(task);
  const later = (task.inspection?.steps ?? 1) - target;
  const done = stepsDone(task, now);
  const likely = likelySteps(state, task, done, target);
  const plan: PlanTask = {
    name: task.spec.name,
    steps: Math.max(0, target - done),
    ...(likely !== undefined && { likely }),
    ...(later > 0 && { later }),
    options: sharedOptions(task, known)
  };
  if (plan.options.length === 0) {
    plan.reason = whyNone(task, known);
  }
  const attempt = comingAttempt(task);
  if (isStaying(task) && attempt && areAllPlannedOn(state, attempt)) {
    const key = strategyKey(attempt.strategy);
    const model = attempt.model ?? modelAt(known.cluster, attempt);
    const cell = cellOn(task, attempt.strategy, model, known.cells);
    const stepSeconds = runningSpeed(state, task, attempt, known);
    plan.running = placementIn(state, attempt);
    if (wouldBeginAnew(task) || task.next) {
      const { elsewhere: _, ...place } = plan.running;
      plan.pin = place;
    }
    // Before training has measured what it does, nothing is known of whether it is better off otherwise.
    const isKnown = attempt.stepSeconds !== undefined || cell?.trained !== undefined;
    const others = isKnown || !cautious || task.wishes?.pin ? plan.options : [];
    const kinds = strategyKinds(known.cluster, attempt.strategy);
    const kind = kinds.find(one => one.model === model);
    plan.options = [
      ...others.filter(
        option => strategyKey(option.strategy) !== key || (kind && !isMeasuredFor(option, attempt))
      ),
      {
        strategy: attempt.strategy,
        stepSeconds,
        startSeconds: cell?.startSeconds ?? 0,
        ...spanOf(attempt.strategy),
        ...measured(cell, stepSeconds),
        ...kind?.places
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

/** Where a task trains, with others if it does: with the last of a run it is as if there had been no others. */
function placementIn(state: Pick<SessionState, 'tasks'>, attempt: Attempt): Placement {
  const fusion = sharedRun(state, attempt);
  return { ...placementOf(attempt), ...(fusion !== undefined && { fusion }) };
}

/** Whether a task trains by a loop of its own that has saved nothing yet: moved, it might lose all it has done. */
export function wouldBeginAnew({ inspection, checkpointStep }: TaskState): boolean {
  return inspection?.native !== undefined && checkpointStep === undefined;
}

/** Seconds a step takes of a task that trains; of a run of several, which is another one as soon as one has left. */
function runningSpeed(state: SessionState, task: TaskState, attempt: Attempt, known: IKnown): number {
  const { fusion, strategy } = attempt;
  const model = attempt.model ?? modelAt(known.cluster, attempt);
  if (fusion === undefined) {
    return ownSpeed(task, attempt, cellOn(task, strategy, model, known.cells));
  }
  const there = stayingIn(state, fusion);
  const [first] = there as [TaskState];
  const cell = cellOfRun(there, { strategy, ...(model !== undefined && { model }) }, known.usable);
  return cell?.stepSeconds ?? ownSpeed(first, lastAttempt(first) ?? attempt, undefined);
}

/** What a task does is its best measurement: its cell may be gone, or spoilt by another task. */
function ownSpeed(task: TaskState, attempt: Attempt, cell: ProfileCell | undefined): number {
  const { inspection, progress, next } = task;
  const planned = attempt.planned ? attempt.planned.end - attempt.planned.start : 0;
  return (
    attempt.stepSeconds ||
    (next ? undefined : progress.stepSeconds) ||
    cell?.stepSeconds ||
    planned / (inspection?.steps ?? 1) ||
    1e-3
  );
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
