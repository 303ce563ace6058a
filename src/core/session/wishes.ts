import { pinWithin } from '../model/constraints/pin.js';
import type {
  Cluster,
  PlanRequest,
  PlanTask,
  SessionEvent,
  SessionState,
  SessionWishesChange,
  TaskState,
  TaskWishesChange
} from '../wire/messages.js';
import { spent } from './budgets.js';
import { countRuns } from './fusedRuns.js';
import { type ISession, isActive, isOpen, mapTasks, withStaleProfile } from './session.js';
import { activeTasks } from './taskTable.js';

const SECONDS_PER_HOUR = 3600;

/** The session that heeds other wishes; what is to be measured and planned may be another now. */
export function noteWishes(
  session: ISession,
  { tasks = [], session: all }: SessionEvent & { kind: 'wishes-set' },
  time: number
): ISession {
  let next = session;
  for (const change of tasks) {
    const named = new Set(change.tasks);
    next = mapTasks(next, task => (named.has(task.spec.name) ? withTaskWishes(task, change) : task));
  }
  return withStaleProfile(all === undefined ? next : withSessionWishes(next, all, time));
}

function withTaskWishes(task: TaskState, change: TaskWishesChange): TaskState {
  const { wishes: old, ...rest } = task;
  const wishes = changed(old, change);
  return wishes === undefined ? rest : { ...rest, wishes };
}

function withSessionWishes(session: ISession, change: SessionWishesChange, time: number): ISession {
  const { wishes: old, budgetFrom, spentBefore, ...rest } = session.state;
  const wishes = changed(old, change);
  const { deviceSeconds, cost } = change.set ?? {};
  const isNew = deviceSeconds !== undefined || cost !== undefined;
  const from = isNew ? time : budgetFrom;
  const state: SessionState = {
    ...rest,
    // Those that wait may want devices that are kept free now: they are asked for again where they fit.
    trials: rest.trials.filter(({ status }) => status !== 'queued'),
    ...(wishes !== undefined && { wishes }),
    ...(from !== undefined && { budgetFrom: from }),
    ...(spentBefore !== undefined && !isNew && { spentBefore })
  };
  return { ...session, state };
}

function changed<W extends object>(
  old: W | undefined,
  { set, clear = [] }: { set?: W; clear?: readonly (keyof W)[] }
): W | undefined {
  const wishes: W = { ...old, ...set } as W;
  for (const name of clear) {
    delete wishes[name];
  }
  return Object.keys(wishes).length > 0 ? wishes : undefined;
}

/**
 * What the planner is asked for a task beside its work.
 *
 * @param cluster - the devices that are planned on: a pin to others is left aside.
 * @param now - seconds since the epoch, the start of the plan.
 */
export function taskConstraints(
  task: TaskState,
  cluster: Cluster,
  now: number
): Pick<PlanTask, 'deadline' | 'earliestStart' | 'weight' | 'pin'> {
  const { deadline, earliestStart, weight, pin: asked } = task.wishes ?? {};
  const pin = asked && pinWithin(asked, cluster);
  return {
    ...(deadline !== undefined && { deadline: Math.max(0, deadline - now) }),
    ...(isHeldBack(task, now) && { earliestStart: (earliestStart ?? now) - now }),
    ...(weight !== undefined && { weight }),
    ...(pin !== undefined && { pin })
  };
}

/**
 * What the planner is asked for all tasks together.
 *
 * @param tasks - those to be planned.
 * @param now - as of {@link taskConstraints}.
 */
export function jointConstraints(
  state: SessionState,
  tasks: readonly PlanTask[],
  now: number
): Pick<PlanRequest, 'objective' | 'limits' | 'prices'> {
  const { objective, concurrent, deviceSeconds, cost, prices = {} } = state.wishes ?? {};
  const chosen = objective ?? (tasks.some(({ weight }) => weight !== undefined) && 'weighted-completion');
  const there = new Set((state.cluster?.nodes ?? []).map(({ id }) => id));
  const known = Object.entries(prices).filter(([node]) => there.has(node));
  const limits = {
    ...(concurrent !== undefined && { concurrent }),
    ...(deviceSeconds !== undefined && { deviceSeconds: Math.max(0, deviceSeconds - spent(state, now)) }),
    ...(cost !== undefined && {
      cost: Math.max(0, cost - spent(state, now, node => (prices[node] ?? 0) / SECONDS_PER_HOUR))
    })
  };
  return {
    ...(chosen !== false && { objective: chosen }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(known.length > 0 && { prices: Object.fromEntries(known) })
  };
}

/** Whether it is too early for a task to begin. */
export function isHeldBack(task: TaskState, now: number): boolean {
  return !isActive(task) && (task.wishes?.earliestStart ?? 0) > now;
}

/** Whether one more task may train beside those that do, or several in one run. */
export function isRoomForOne({ state: { tasks, wishes } }: ISession): boolean {
  return countRuns(activeTasks(tasks)) < (wishes?.concurrent ?? Infinity);
}

/** Whether planned tasks wait for nothing but their time. */
export function isWaitingForTime({ state }: ISession, now: number): boolean {
  const planned = new Set(state.plan?.plan.segments.map(({ task }) => task));
  return state.tasks.some(
    task => task.status === 'ready' && planned.has(task.spec.name) && isHeldBack(task, now)
  );
}

/** Whether the time of a waiting task has come between two moments, so that it can begin. */
export function hasTimeCome({ state }: ISession, before: number, now: number): boolean {
  return (
    state.goal === 'run' &&
    state.tasks.some(task => task.status === 'ready' && isHeldBack(task, before) && !isHeldBack(task, now))
  );
}

/** Whether what is asked of open tasks depends on the clock, so that a plan made earlier answers it no more. */
export function isTimed({ state }: ISession): boolean {
  return state.tasks.some(
    task =>
      isOpen(task, state) && (task.wishes?.deadline !== undefined || task.wishes?.earliestStart !== undefined)
  );
}
