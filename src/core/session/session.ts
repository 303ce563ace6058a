import type {
  Attempt,
  Failure,
  Goal,
  PlanBudget,
  ReplanCause,
  SessionState,
  SweepState,
  TaskState,
  TechniqueSpec
} from '../wire/messages.js';
import type { Command } from './command.js';
import type { IStint } from './stint.js';
import { hasActive, isActive, replaced, tableOf, taskNamed } from './taskTable.js';

export { isActive };

/** How long to look for a better plan when the user does not say; one that is proven shortest is there at once. */
export const SEARCH_BUDGET: PlanBudget = { seconds: 2 };

/**
 * Everything the engine knows: the state that clients see, and a few marks of its own.
 * Values are never changed in place; each event makes a new session.
 */
export interface ISession {
  readonly state: SessionState;
  /** Number of the newest planning question; answers to older ones are dropped. */
  readonly planRevision: number;
  /** How long to search, as last asked for. */
  readonly budget: PlanBudget;
  /** Names of the tasks to run; null means all. */
  readonly selection: readonly string[] | null;
  /** Whether no measurement that is missing could change the plan, as far as one can tell. */
  readonly profiled: boolean;
  /** The makespan (or what else is to be small) of a plan with what is measured; absent while it is not known. */
  readonly bestMakespan?: number | undefined;
  /** Whether everything is to be measured, not only what could change the plan. */
  readonly full: boolean;
  /** Names of tasks that were stopped while measuring was wanted: they are not measured until it is asked for again. */
  readonly setAside: readonly string[];
  /** By name of a task in training: how many of its reports in turn said that it is slower than its like; faster if negative. */
  readonly strikes: Readonly<Record<string, number>>;
  /** Trials ever requested, for their ids. */
  readonly trialCount: number;
  /** The newest planning question, while it is open and after; null before the first, and when nobody answers it any more. */
  readonly question: IQuestion | null;
  /** What has happened since that question, while tasks train: why to plan anew. */
  readonly news: readonly ReplanCause[];
  /** Whether a run has begun without a plan: its tasks explore, until something is known of each. */
  readonly learning: boolean;
  /** While tasks train: since when, and by what plan it began; else null. */
  readonly stint: IStint | null;
  /** By a device's key: how many of the stretches that the plan has there first are over, while only rank groups tell of news. */
  readonly passed: Readonly<Record<string, number>>;
}

/** The planner was asked. */
export interface IQuestion {
  /** See {@link ISession.planRevision}. */
  readonly revision: number;
  /** When, in seconds since the epoch: second 0 of the plan that answers. */
  readonly time: number;
  /** Why, if tasks trained. */
  readonly causes: readonly ReplanCause[];
  /** Numbers of the attempts that ran then and were to go on, by name of their tasks: the answer may move them. */
  readonly running: Readonly<Record<string, number>>;
}

/** A session after an event, and what to do about it. */
export interface IStep {
  readonly session: ISession;
  readonly commands: readonly Command[];
}

/** How a session starts, before its first event. */
export function emptySession(name: string, folder: string): ISession {
  return {
    state: {
      session: name,
      folder,
      rev: 0,
      goal: 'none',
      agent: 'away',
      tasks: [],
      cells: [],
      trials: [],
      trialsDone: 0,
      planning: false,
      excludeTechniques: [],
      notices: []
    },
    planRevision: 0,
    budget: SEARCH_BUDGET,
    selection: null,
    profiled: false,
    full: false,
    setAside: [],
    strikes: {},
    trialCount: 0,
    question: null,
    news: [],
    learning: false,
    stint: null,
    passed: {}
  };
}

/** Whether a task trains and is to go on where it does, or where the next group is about to take over. */
export function isStaying({ status, moving, next }: TaskState): boolean {
  return status === 'starting' || status === 'running' || (moving === true && next !== undefined);
}

/** What a task is once its rank group has left without being done. */
export function restingStatus({ status, moving, pausedAt }: TaskState): 'stopped' | 'ready' {
  return status === 'stopping' && !moving && pausedAt === undefined ? 'stopped' : 'ready';
}

/** Whether a task is where it waits for the others. */
export function isHeld({ target, pausedAt, checkpointStep = 0 }: TaskState): boolean {
  return pausedAt !== undefined || (target !== undefined && checkpointStep >= target);
}

/**
 * Whether a task is still to be planned for: it trains and nobody has stopped it, or is ready to and waits for no others;
 * while nothing runs also one that somebody has stopped, which the next run goes on with, once it was inspected.
 */
export function isOpen(task: TaskState, { goal, tasks }: SessionState): boolean {
  const resumes = isResumable(task) && !task.givenUp && goal !== 'run' && !hasActive(tasks);
  const waits = task.status === 'ready' && !isHeld(task);
  return waits || isStaying(task) || (task.status === 'stopping' && task.moving) || resumes;
}

/** Whether a task was stopped after it was inspected, so that a run can go on with it. */
export function isResumable(task: TaskState): boolean {
  return task.status === 'stopped' && task.inspection !== undefined;
}

/** Whether a rank group has not found out how its strategy runs its task, of which nothing was known. */
export function isExploring({ explores, stepSeconds }: Attempt): boolean {
  return explores === true && stepSeconds === undefined;
}

/** Whether a task failed before it trained: what its trials found says so, and nothing else. */
export function isFailedInTrial(task: TaskState): boolean {
  const attempt = lastAttempt(task);
  const trained = attempt?.outcome === 'failed' || attempt?.outcome === 'lost';
  return task.status === 'failed' && (!trained || (isExploring(attempt) && !attempt.blameless));
}

/** The tasks still to be planned for that hold no devices. */
export function waitingTasks(state: SessionState): TaskState[] {
  return state.tasks.filter(task => isOpen(task, state) && !isActive(task));
}

/** The newest attempt of a task. */
export function lastAttempt(task: Pick<TaskState, 'attempts'>): Attempt | undefined {
  return task.attempts.at(-1);
}

/** The attempt in which a task that trains is to go on: the next, if one is about to take over. */
export function comingAttempt(task: TaskState): Attempt | undefined {
  return task.next ?? lastAttempt(task);
}

/** Find a task by name. */
export function findTask(session: ISession, name: string): TaskState | undefined {
  return taskNamed(session.state.tasks, name);
}

/** The sweep of that name, if its points are searched, or given up by a rule. */
export function findSweep({ sweeps = [] }: SessionState, name: string): SweepState | undefined {
  return sweeps.find(({ spec }) => spec.name === name);
}

/** The session with its sweeps changed; `change` returns what is to stay as it is. */
export function mapSweeps(session: ISession, change: (sweep: SweepState) => SweepState): ISession {
  const { sweeps } = session.state;
  const next = sweeps?.map(change);
  return next?.some((sweep, place) => sweep !== sweeps![place])
    ? withState(session, { sweeps: next })
    : session;
}

/** The session with some public state replaced. */
export function withState(session: ISession, patch: Partial<SessionState>): ISession {
  return { ...session, state: { ...session.state, ...patch } };
}

/** The session with some tasks changed; `change` returns the same object to leave a task alone, and never renames one. */
export function mapTasks(session: ISession, change: (task: TaskState) => TaskState): ISession {
  const { tasks } = session.state;
  const others = new Map<number, TaskState>();
  tasks.forEach((task, place) => {
    const next = change(task);
    if (next !== task) {
      others.set(place, next);
    }
  });
  return others.size === 0 ? session : withState(session, { tasks: replaced(tasks, others) });
}

/** The session with one task changed. */
export function withTask(session: ISession, name: string, patch: Partial<TaskState>): ISession {
  const task = findTask(session, name);
  return task === undefined ? session : withTaskState(session, { ...task, ...patch });
}

/** The session with a task in place of that of the same name. */
export function withTaskState(session: ISession, task: TaskState): ISession {
  const { tasks } = session.state;
  const place = tableOf(tasks).places.get(task.spec.name);
  return place === undefined
    ? session
    : withState(session, { tasks: replaced(tasks, new Map([[place, task]])) });
}

const RANK: Record<Goal, number> = { none: 0, profile: 1, plan: 2, run: 3 };

/** The session that is to go at least this far, with all its tasks. */
export function withGoal(session: ISession, goal: Goal): ISession {
  const whole = session.setAside.length > 0 ? withOtherSpeeds({ ...session, setAside: [] }) : session;
  return RANK[goal] > RANK[whole.state.goal] ? withState(whole, { goal }) : whole;
}

/** The session whose plan no longer answers the question, nor does one that is being made. */
export function withStalePlan(session: ISession): ISession {
  const { plan, planning, probing } = session.state;
  if (!planning && !probing && !plan?.fresh && session.news.length === 0) {
    return { ...session, bestMakespan: undefined };
  }
  const stale = withState(
    { ...session, bestMakespan: undefined },
    {
      planning: false,
      probing: false,
      ...(plan ? { plan: { ...plan, fresh: false } } : {})
    }
  );
  return { ...stale, planRevision: session.planRevision + 1, news: openNews(session) };
}

/** Why to plan anew, once the question that is open gets no answer: what it was asked for is unanswered, too. */
export function openNews({ state: { planning }, question, news }: ISession): readonly ReplanCause[] {
  return planning && question ? [...question.causes, ...news] : news;
}

/** Whether a plan that a client gave is followed: it is until tasks, devices or what is asked change. */
export function followsGiven({ state: { plan } }: Pick<ISession, 'state'>): boolean {
  return plan?.given === true && plan.fresh;
}

/**
 * The session in which something has happened that another plan may answer better. The plan is followed meanwhile, and
 * one that is being made is taken.
 */
export function withNews(session: ISession, cause: ReplanCause): ISession {
  if (followsGiven(session)) {
    return session;
  }
  const { plan } = session.state;
  return {
    ...(plan?.fresh ? withState(session, { plan: { ...plan, fresh: false } }) : session),
    news: [...session.news, cause]
  };
}

/** The session in which other measurements may matter than before, so that its plan is stale as well. */
export function withStaleProfile(session: ISession): ISession {
  const stale = withStalePlan({ ...session, profiled: false });
  return session.profiled ? withState(stale, { trialsDone: 0 }) : stale;
}

/** The session that knows more of how fast tasks are, so that another plan may be better. */
export function withOtherSpeeds(session: ISession): ISession {
  return followsGiven(session)
    ? { ...session, profiled: false, bestMakespan: undefined }
    : withStaleProfile(session);
}

const MAX_NOTICES = 20;

/** The session with one more notice; the oldest give way. */
export function withNotice(session: ISession, notice: Failure): ISession {
  return withState(session, { notices: [...session.state.notices, notice].slice(-MAX_NOTICES) });
}

/** What a command carries so that the agent can load the techniques; nothing when there are none. */
export function techniquesOf(session: ISession): { techniques?: TechniqueSpec[] } {
  const { techniques = [] } = session.state;
  return techniques.length > 0 ? { techniques } : {};
}
