import { sharesOf } from '../model/schedule/deviceRuns.js';
import type { Attempt, GivenUp, SessionState, TaskState, TrialState } from '../wire/messages.js';
import type { Command } from './command.js';
import { fusionBase, stayingIn } from './fusedRuns.js';
import { patience } from './patience.js';
import {
  comingAttempt,
  type ISession,
  type IStep,
  isActive,
  lastAttempt,
  mapTasks,
  waitingTasks,
  withNews,
  withStalePlan,
  withState,
  withTask
} from './session.js';

/** Have the rank groups of a task save and leave; at once, and without, when the task is to be taken out. */
export function stopGroups(state: SessionState, task: TaskState): Command[] {
  return [lastAttempt(task), task.next].flatMap(attempt => (attempt ? stopGroup(state, task, attempt) : []));
}

type StopCommand = Extract<Command, { kind: 'stop' }>;

/** Have one rank group of a task leave: see {@link stopGroups}. */
export function stopGroup(state: SessionState, task: TaskState, attempt: Attempt): StopCommand[] {
  // Those that train in the same run are to go on.
  const others = attempt.fusion === undefined ? [] : stayingIn(state, attempt.fusion);
  const isAtOnce = task.removing && others.every(({ spec }) => spec.name === task.spec.name);
  const graceSeconds = isAtOnce ? 0 : patience(state, task, attempt).stopSeconds;
  const body = { task: task.spec.name, attempt: attempt.number, graceSeconds };
  return nodesOf(attempt).map(node => ({ kind: 'stop', node, body }));
}

/** The nodes whose agents were told to start an attempt: the others of one over several when the first waits for them. */
export function nodesOf({ joined, ...attempt }: Attempt): string[] {
  return joined ? sharesOf(attempt).map(({ node }) => node) : [attempt.node];
}

/**
 * Have the rank group in which a task is to go on leave after the step that its plan says; nothing when it says none. Over
 * several nodes rank 0 tells the others.
 */
export function limitGroup(task: TaskState): Command[] {
  const attempt = comingAttempt(task);
  if (attempt?.until === undefined) {
    return [];
  }
  const { node, number, until } = attempt;
  return [{ kind: 'until', node, body: { task: task.spec.name, attempt: number, step: until } }];
}

/** Have some inspections given up, by a node or wherever they are made; nothing when there are none. */
export function stopInspections(tasks: string[], node?: string): Command[] {
  return tasks.length > 0
    ? [{ kind: 'stop-inspection', ...(node !== undefined && { node }), body: { tasks } }]
    : [];
}

/** Names of the tasks of a session that are being inspected, among some of them. */
export function inspecting(session: ISession, among: (name: string) => boolean): string[] {
  return session.state.tasks
    .filter(task => task.status === 'inspecting' && among(task.spec.name))
    .map(task => task.spec.name);
}

/** Have a trial that runs ended. */
export function stopTrial(trial: TrialState): Command[] {
  return trial.node === undefined
    ? []
    : [{ kind: 'stop-trial', node: trial.node, body: { trial: trial.id } }];
}

/** End some trials: those that wait are gone, those that run are gone once their node says so. */
export function stopTrials(session: ISession, which: (trial: TrialState) => boolean): IStep {
  const { trials } = session.state;
  const stopped = trials.filter(trial => trial.status === 'running' && which(trial));
  const left = trials
    .filter(trial => trial.status !== 'queued' || !which(trial))
    .map(trial => (stopped.includes(trial) ? { ...trial, status: 'stopping' as const } : trial));
  return {
    session:
      left.length < trials.length || stopped.length > 0 ? withState(session, { trials: left }) : session,
    commands: stopped.flatMap(stopTrial)
  };
}

/**
 * End the trials that measure for nobody now that some tasks are not to be measured. One that runs for others as well
 * goes on; one that waits is asked for again on their behalf.
 */
export function stopTrialsOf(session: ISession, names: ReadonlySet<string>): IStep {
  const needed = new Set(
    waitingTasks(session.state)
      .filter(({ spec: { name } }) => !names.has(name) && !session.setAside.includes(name))
      .flatMap(task => [task.inspection?.signature, fusionBase(task)])
  );
  const isOf = ({ task, fused = [] }: TrialState): boolean => [task, ...fused].some(name => names.has(name));
  return stopTrials(
    session,
    trial => !needed.has(trial.signature) || (trial.status === 'queued' && isOf(trial))
  );
}

/**
 * Stop everything, or the named tasks: running ones save and leave, waiting ones are set aside, inspections and trials
 * end at once.
 */
export function noteStop(session: ISession, names: readonly string[] | null, time: number): IStep {
  const named = new Set(names ?? session.state.tasks.map(task => task.spec.name));
  const groups: Command[] = [];
  const stopped = mapTasks(session, task => {
    if (!named.has(task.spec.name)) {
      return task;
    }
    if (task.status === 'stopping' && !task.next) {
      const isOut = names !== null && task.pausedAt !== undefined;
      return task.moving || isOut
        ? { ...task, moving: undefined, ...(isOut && { pausedAt: undefined }) }
        : task;
    }
    if (isActive(task)) {
      groups.push(...stopGroups(session.state, task));
      return { ...task, status: 'stopping', moving: undefined, pausedAt: undefined };
    }
    if (task.status === 'inspecting') {
      const { inspection: _outdated, verdicts: _all, onDevice: _there, look: _asked, ...rest } = task;
      return { ...rest, status: 'stopped' };
    }
    return names !== null && task.status === 'ready'
      ? { ...task, status: 'stopped', pausedAt: undefined }
      : task;
  });
  const inspections = stopInspections(inspecting(session, name => named.has(name)));
  if (names === null) {
    const idle = stopTrials(withoutGoal(stopped, time), () => true);
    const commands: Command[] = [{ kind: 'cancel-plan' }, ...groups, ...inspections, ...idle.commands];
    return { session: idle.session, commands };
  }
  const setAside = [...new Set([...session.setAside, ...names])];
  const aside: ISession = { ...stopped, setAside };
  // What was stopped already is no news.
  const isOther =
    setAside.length > session.setAside.length ||
    stopped.state.tasks.some((task, index) => task !== session.state.tasks[index]);
  const trials = stopTrialsOf(isOther ? withStalePlan(aside) : aside, named);
  return { session: trials.session, commands: [...groups, ...inspections, ...trials.commands] };
}

/** Have a task save and leave, if it trains, as a rule gives it up. */
export function giveUp(session: ISession, task: TaskState, givenUp: GivenUp): IStep {
  const { name } = task.spec;
  const aside: ISession = { ...session, setAside: [...new Set([...session.setAside, name])] };
  const left = leaveByRule(aside, task, { givenUp, pausedAt: undefined });
  const trials = stopTrialsOf(left.session, new Set([name]));
  return { session: trials.session, commands: [...left.commands, ...trials.commands] };
}

/** Have a task that trains save and leave, to wait at a rung until it is known whether it goes on. */
export function pauseAt(session: ISession, task: TaskState, step: number): IStep {
  return leaveByRule(session, task, { pausedAt: step });
}

/** That is news like the end of a task: the plan there is is followed until another answers it. */
function leaveByRule(
  session: ISession,
  task: TaskState,
  verdict: Pick<TaskState, 'givenUp' | 'pausedAt'>
): IStep {
  const { name } = task.spec;
  if (!isActive(task)) {
    return { session: withTask(session, name, { status: 'stopped', ...verdict }), commands: [] };
  }
  const stopping = withTask(session, name, { status: 'stopping', moving: undefined, ...verdict });
  const isKnown = task.pausedAt !== undefined || session.state.goal !== 'run';
  const isLeaving = task.status === 'stopping' && !task.next;
  return {
    session: isKnown ? stopping : withNews(stopping, { kind: 'stopped', tasks: [name] }),
    commands: isLeaving ? [] : stopGroups(session.state, task)
  };
}

/** The session that begins nothing more by itself; what runs goes on. */
export function withoutGoal(session: ISession, time: number): ISession {
  const { run, trials } = session.state;
  return withState(
    { ...session, full: false, learning: false },
    {
      goal: 'none',
      planning: false,
      probing: false,
      trials: trials.filter(trial => trial.status !== 'queued'),
      ...(run && run.endedAt === undefined ? { run: { ...run, endedAt: time } } : {})
    }
  );
}
