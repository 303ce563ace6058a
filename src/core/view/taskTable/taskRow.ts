import { strategyKey } from '../../model/strategy.js';
import type { PlanState, SessionState, Strategy, TaskState } from '../../wire/messages.js';
import { othersIn } from '../format/fusedWords.js';
import { standingPlan } from '../gantt/standingPlan.js';
import { bestTask } from '../results/best.js';
import { type IStanding, standingsByTask } from '../results/sweepStanding.js';
import { timesLeft } from '../status/timeLeft.js';

/** How the plan has a task run first, and for how long in all. */
export interface IPlannedRun {
  readonly strategy: Strategy;
  readonly devices: readonly string[];
  /** Of all its segments together. */
  readonly seconds: number;
  /** So many others are to be trained in the same run. */
  readonly others: number;
}

/** A task, and what is known of it beside its own state. */
export interface ITaskRow {
  readonly task: TaskState;
  /** So many others are, or were, trained in the same run. */
  readonly others: number;
  /** Undefined when the plan does not have it. */
  readonly planned: IPlannedRun | undefined;
  /** Seconds until it is trained, as it trains or by the plan; undefined when nobody knows. */
  readonly left: number | undefined;
  /** Seconds in which it held devices, up to now. */
  readonly took: number | undefined;
  /** The same times the number of devices. */
  readonly deviceSeconds: number | undefined;
  /** How it stands in its sweep; undefined where that has neither a search nor a rule. */
  readonly standing: Pick<IStanding, 'place' | 'value' | 'step' | 'pause'> | undefined;
  /** Whether it is the best so far of several. */
  readonly isBest: boolean;
}

/** The rows of a session, and what they were made of. */
export interface ITaskRows {
  readonly rows: readonly ITaskRow[];
  readonly plan: SessionState['plan'];
  readonly planned: ReadonlyMap<string, IPlannedRun>;
}

/**
 * A row for each task of a session, in their order.
 *
 * @param now - seconds since the epoch.
 * @param before - rows made earlier: what says the same is the same object, the list as well.
 */
export function taskRows(state: SessionState, now: number, before?: ITaskRows): ITaskRows {
  const { tasks } = state;
  const plan = standingPlan(state);
  const planned = before && before.plan === plan ? before.planned : plannedRuns(plan);
  const left = state.goal === 'run' ? timesLeft(state, now) : new Map<string, number>();
  const standings = standingsByTask(state);
  const best = bestTask(state);
  const old = new Map(before?.rows.map(row => [row.task.spec.name, row]));
  const rows = tasks.map(task => {
    const row: ITaskRow = {
      task,
      others: othersIn(tasks, task.next ?? task.attempts.at(-1) ?? {}),
      planned: planned.get(task.spec.name),
      left: legible(left.get(task.spec.name)),
      standing: standings.get(task.spec.name),
      isBest: task.spec.name === best,
      ...held(tasks, task, now)
    };
    const same = old.get(task.spec.name);
    return same && isSame(same, row) ? same : row;
  });
  const isUnchanged = rows.length === before?.rows.length && rows.every((row, i) => row === before.rows[i]);
  return { rows: isUnchanged ? before.rows : rows, plan, planned };
}

function isSame(a: ITaskRow, b: ITaskRow): boolean {
  return (
    a.task === b.task &&
    a.others === b.others &&
    a.left === b.left &&
    a.took === b.took &&
    a.isBest === b.isBest &&
    a.standing?.place === b.standing?.place &&
    a.standing?.value === b.standing?.value &&
    a.standing?.step === b.standing?.step &&
    a.standing?.pause?.place === b.standing?.pause?.place &&
    a.standing?.pause?.of === b.standing?.pause?.of &&
    a.deviceSeconds === b.deviceSeconds &&
    (a.planned === b.planned ||
      (a.planned?.seconds === b.planned?.seconds &&
        a.planned?.others === b.planned?.others &&
        a.planned?.devices.join() === b.planned?.devices.join() &&
        (a.planned && strategyKey(a.planned.strategy)) === (b.planned && strategyKey(b.planned.strategy))))
  );
}

/** Times are told in two units: what is finer than that would only have rows drawn that look the same. */
function legible(seconds: number | undefined): number | undefined {
  const unit = seconds === undefined || seconds < 3600 ? 1 : seconds < 86_400 ? 60 : 3600;
  return seconds === undefined ? undefined : Math.ceil(seconds / unit) * unit;
}

function plannedRuns(plan: PlanState | undefined): Map<string, IPlannedRun> {
  const runs = new Map<string, IPlannedRun>();
  const segments = plan?.plan.segments ?? [];
  const fused = new Map<string, number>();
  for (const { fusion } of segments) {
    if (fusion !== undefined) {
      fused.set(fusion, (fused.get(fusion) ?? 0) + 1);
    }
  }
  for (const { task, strategy, devices, start, end, fusion = '' } of segments) {
    const first = runs.get(task) ?? { strategy, devices, seconds: 0, others: (fused.get(fusion) ?? 1) - 1 };
    runs.set(task, { ...first, seconds: first.seconds + end - start });
  }
  return runs;
}

/** Of a run with others, each has its share of the devices' time. */
function held(
  tasks: readonly TaskState[],
  { attempts, status }: TaskState,
  now: number
): Pick<ITaskRow, 'took' | 'deviceSeconds'> {
  if (attempts.length === 0) {
    return { took: undefined, deviceSeconds: undefined };
  }
  const isActive = status === 'starting' || status === 'running' || status === 'stopping';
  let took = 0;
  let deviceSeconds = 0;
  for (const attempt of attempts) {
    const { requestedAt, endedAt, devices } = attempt;
    // One that was lost with its engine has no end; what is over does not go on.
    const seconds = Math.max(0, (endedAt ?? (isActive ? Math.floor(now) : requestedAt)) - requestedAt);
    took += seconds;
    deviceSeconds += (seconds * devices.length) / (1 + othersIn(tasks, attempt));
  }
  return { took, deviceSeconds };
}
