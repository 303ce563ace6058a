import { goesOnRunning } from '../model/schedule/taskHistory.js';
import type {
  Move,
  Plan,
  PlanBudget,
  PlanRequest,
  Replan,
  SessionState,
  SwitchPolicy,
  TaskState
} from '../wire/messages.js';
import type { Command } from './command.js';
import { lingersUntil } from './lingering.js';
import { placementOf, planRequest, wouldBeginAnew } from './planRequest.js';
import {
  comingAttempt,
  findTask,
  type ISession,
  type IStep,
  isStaying,
  lastAttempt,
  SEARCH_BUDGET,
  withState,
  withTask
} from './session.js';
import { limitGroup } from './stopping.js';
import { dispatchLists, type IStretch, stretchLeft, targetStep } from './stretches.js';
import { leave, takeOver } from './takeovers.js';
import { activeTasks, hasActive } from './taskTable.js';

/**
 * How long to look for a better plan while tasks train: they do not wait for it, but it takes a core. A share of what was
 * left, within limits in seconds.
 */
const LATER_SHARE = 0.01;
const LATER_LEAST = 0.1;
const LATER_MOST = 1;

/** So many of the latest plans made while training are told. */
const TOLD = 50;

/** Whether other moves are wanted than the plan there is was made for: those planned beforehand, or any while tasks train. */
export function changesMoves({ state }: ISession, wanted: SwitchPolicy | undefined): boolean {
  const { switches = 'pays', tasks } = state;
  return (
    wanted !== undefined &&
    wanted !== switches &&
    (wanted === 'planned' || switches === 'planned' || hasActive(tasks))
  );
}

const ASKED: Record<SwitchPolicy, 'none' | 'running' | 'planned'> = {
  never: 'none',
  pays: 'running',
  planned: 'planned'
};

/**
 * Devices wait for the first plan of a run, which is improved while they work: when nobody says how long to look for it, no
 * longer than this share of the work there is on all of them, and at least this long, in seconds.
 */
const FIRST_SHARE = 0.01;
const FIRST_LEAST = 0.3;

function firstBudget({ cluster, tasks }: PlanRequest): PlanBudget {
  const devices = cluster.nodes.reduce((sum, node) => sum + node.devices.length, 0);
  const work = tasks.reduce((sum, { steps, likely = steps, options }) => {
    const least = Math.min(...options.map(({ strategy, stepSeconds }) => strategy.devices * stepSeconds));
    return sum + (Number.isFinite(least) ? likely * least : 0);
  }, 0);
  const seconds = Math.max(FIRST_LEAST, (FIRST_SHARE * work) / Math.max(1, devices));
  return { seconds: Math.min(seconds, SEARCH_BUDGET.seconds ?? Infinity) };
}

function laterBudget({ plan }: SessionState): PlanBudget {
  const left = plan?.plan.makespan ?? 0;
  return { seconds: Math.min(LATER_MOST, Math.max(LATER_LEAST, LATER_SHARE * left)) };
}

/** How long to look for the answer to a question. */
function budgetOf(session: ISession, asked: PlanRequest): PlanBudget {
  const { state, budget } = session;
  if (hasActive(state.tasks) && !session.learning) {
    return laterBudget(state);
  }
  return state.goal === 'run' && budget === SEARCH_BUDGET ? firstBudget(asked) : budget;
}

/**
 * Ask the planner: how to begin, or, while tasks train, whether to go on. The price of every alternative takes longer to find
 * than a better plan does: while tasks train it is told only when a person asks for a plan.
 */
export function askPlan(session: ISession, time: number): IStep {
  const { state } = session;
  const { goal, tasks, switches = 'pays' } = state;
  const training = hasActive(tasks);
  const revision = session.planRevision + 1;
  const asked = planRequest(state, time, {
    selection: goal === 'run' ? session.selection : null,
    cautious: true,
    explain: !training || session.news.some(({ kind }) => kind === 'wishes'),
    ...((training || switches === 'planned') && { switches: ASKED[switches] })
  });
  const request = { ...asked, budget: budgetOf(session, asked) };
  return {
    session: {
      // A plan that tells which trials could matter is not waited for, as this one takes its place.
      ...withState(session, { planning: true, probing: false }),
      planRevision: revision,
      question: { revision, time, causes: session.news, running: runningIn(session) },
      news: []
    },
    commands: [{ kind: 'plan', planRevision: revision, request }]
  };
}

/**
 * Take up a plan. Tasks that train go on, as far as it says so, or leave to go on by it: those that it knew to be training. A
 * task that has begun since stays where it is, as does one that is not to be moved, though its device is to be kept free.
 */
export function adoptPlan(session: ISession, plan: Plan, time: number): IStep {
  const { question, news } = session;
  const causes = question?.causes ?? [];
  const training = Object.keys(question?.running ?? {}).length > 0;
  const { run } = session.state;
  const isFirst = session.learning || session.state.plan === undefined;
  const beganWithout = session.state.plan === undefined && run !== undefined && run.endedAt === undefined;
  let next = withState(
    { ...session, learning: false },
    {
      planning: false,
      ...(beganWithout && { run: { ...run, plannedAt: time } }),
      plan: {
        plan,
        madeAt: time,
        fresh: news.length === 0,
        ...(training || hasActive(session.state.tasks) ? { startedAt: question?.time ?? time } : {})
      }
    }
  );
  const commands: Command[] = [];
  const moves: Move[] = [];
  for (const [name, number] of Object.entries(question?.running ?? {})) {
    const task = findTask(next, name);
    const stretch = task && isStaying(task) ? firstStretch(plan, task) : undefined;
    if (!task || !stretch || comingAttempt(task)?.number !== number) {
      continue;
    }
    if (isHere(task, stretch)) {
      const there = limited(next, task, stretch.until);
      next = there.session;
      commands.push(...there.commands);
    } else if (session.state.switches !== 'never' && !wouldBeginAnew(task) && !task.next) {
      const until = lingersUntil(next, plan, task, stretch, { asked: question?.time ?? time, time });
      const before = session.state.plan && firstStretch(session.state.plan.plan, task);
      if (until === undefined || !before || isHere(task, before)) {
        moves.push(moveOf(task, stretch));
      }
      const moved =
        until === undefined
          ? (takeOver(next, plan, task, stretch, time) ?? leave(next, task))
          : limited(next, task, until);
      next = moved.session;
      commands.push(...moved.commands);
    }
  }
  const told = causes.some(({ kind }) => kind !== 'ended' && kind !== 'interval');
  if (!training || isFirst || (moves.length === 0 && plan.method === 'previous' && !told)) {
    return { session: next, commands };
  }
  const { makespan, carryOn } = plan;
  const { replans: before = [] } = next.state;
  const replan: Replan = {
    number: (before.at(-1)?.number ?? 0) + 1,
    at: question?.time ?? time,
    adoptedAt: time,
    causes: [...causes],
    moves,
    makespan,
    ...(carryOn !== undefined && { carryOn })
  };
  return { session: withState(next, { replans: toldWith(before, replan) }), commands };
}

/** What is told of plans made while training, with one more: the oldest gives way. */
export function toldWith(before: readonly Replan[], replan: Replan): Replan[] {
  return [...before, replan].slice(-TOLD);
}

/** Take up a plan that a client made; one that is being made is not waited for. */
export function adoptGiven(session: ISession, plan: Plan, time: number): IStep {
  const revision = session.planRevision + 1;
  const asked: ISession = {
    ...withState(session, { probing: false }),
    planRevision: revision,
    question: { revision, time, causes: [], running: runningIn(session) },
    news: []
  };
  const adopted = adoptPlan(asked, plan, time);
  const { plan: taken } = adopted.session.state;
  return {
    session: withState(adopted.session, taken ? { plan: { ...taken, given: true } } : {}),
    commands: [{ kind: 'cancel-plan' }, ...adopted.commands]
  };
}

/** The tasks that train, with the number of their attempt. */
function runningIn({ state }: ISession): Record<string, number> {
  return Object.fromEntries(
    activeTasks(state.tasks)
      .filter(isStaying)
      .map(task => [task.spec.name, comingAttempt(task)!.number])
  );
}

/** What a plan has a task that trains do first: where it trains now is a stretch of the plan, too. */
function firstStretch(plan: Plan, task: TaskState): IStretch | undefined {
  const { stretches, byTask } = dispatchLists(plan);
  const waiting: TaskState = { ...task, status: 'ready', checkpointStep: 0 };
  for (const place of byTask.get(task.spec.name) ?? []) {
    const stretch = stretchLeft(stretches[place]!, waiting);
    if (stretch) {
      return stretch;
    }
  }
  return undefined;
}

function isHere(task: TaskState, { segment }: IStretch): boolean {
  const { fusion, ...attempt } = comingAttempt(task)!;
  // Since it was asked, others of the run may have left, up to the last.
  const isSameRun = fusion !== undefined && segment.fusion === fusion;
  return goesOnRunning({ running: { ...placementOf(attempt), ...(isSameRun && { fusion }) } }, segment);
}

/** Have a task that goes on where it is train as far as the plan says. */
function limited(session: ISession, task: TaskState, until: number): IStep {
  const attempt = comingAttempt(task)!;
  if ((attempt.until ?? targetStep(task)) === until) {
    return { session, commands: [] };
  }
  const shorter = { ...attempt, until };
  const patch = task.next ? { next: shorter } : { attempts: [...task.attempts.slice(0, -1), shorter] };
  return {
    session: withTask(session, task.spec.name, patch),
    commands: limitGroup({ ...task, ...patch })
  };
}

function moveOf(task: TaskState, { segment }: IStretch): Move {
  return {
    task: task.spec.name,
    before: placementOf(lastAttempt(task)!),
    after: placementOf(segment),
    start: segment.start
  };
}
