import { busyElsewhere } from '../model/busyDevices.js';
import type { SessionState } from '../wire/messages.js';
import { dispatchSegments, hasTurns } from './dispatch.js';
import { awaitsRest, beginsEarly, countComing, startEarly } from './earlyStarts.js';
import { isWithoutDevices, withoutDevices } from './excludedDevices.js';
import { exploresInRun } from './exploration.js';
import { awaitsNodes } from './nodes.js';
import { askPlan } from './replanning.js';
import { isReplanDue } from './replanTiming.js';
import { isReserving, isWaitingForReservation } from './reservations.js';
import { withRungs } from './rungs.js';
import { type ISession, type IStep, isActive, isOpen, isStaying, withState } from './session.js';
import { awaitsPoints } from './sweeps.js';
import { activeTasks, hasActive } from './taskTable.js';
import { dispatchTrials } from './trialDispatch.js';
import { planTrials } from './trialPlanning.js';
import { isWaitingForTime } from './wishes.js';

/**
 * Go as far towards the goal as can be gone now: follow the plan, wait for inspections, make the missing trials, ask for a
 * plan. What is planned waits for none of it. Called after every event.
 *
 * @param time - seconds since the epoch.
 */
export function advance(before: ISession, time: number): IStep {
  const session = withRungs(before);
  const { goal, cluster, pause } = session.state;
  if (goal === 'none' || awaitsNodes(session.state) || isReserving(session) || !cluster || pause) {
    return { session, commands: [] };
  }
  if (isWithoutDevices(session)) {
    const waits = busyElsewhere(session.state).length > 0;
    return { session: waits ? session : withoutDevices(session, time), commands: [] };
  }
  const underWay = isUnderWay(session);
  const followed = underWay || session.learning ? follow(session, time) : { session, commands: [] };
  // What has a plan waits neither for those that have none, nor for what is measured for them.
  const isBegun = hasActive(followed.session.state.tasks) || isPlanned(session, time);
  const inspecting = countComing(session) > 0;
  if (inspecting && !isBegun && !exploresInRun(session)) {
    // What begins by a plan of a part of them could not be moved.
    return followed;
  }
  const waitsForNone = isBegun || beginsEarly(session);
  const measured = then(
    then(followed, next => withLearning(planTrials(next, time, waitsForNone), underWay || isBegun)),
    next => startFirst(next, time)
  );
  const { trials, probing } = measured.session.state;
  const { learning, profiled } = measured.session;
  const measuring = trials.length > 0 || probing === true;
  if ((measuring && !(waitsForNone && goal === 'run')) || (learning && !profiled)) {
    return measured;
  }
  if (awaitsRest(measured.session, time)) {
    return measured;
  }
  if (learning && !hasWork(measured.session)) {
    return then(measured, next => done(next, time));
  }
  if (goal === 'profile') {
    return then(measured, next => done(next, time));
  }
  const planned = then(measured, next => keepPlan(next, time));
  const { plan, planning } = planned.session.state;
  if (goal === 'plan') {
    return planning ? planned : then(planned, next => done(next, time));
  }
  if (!plan || (planning && !isUnderWay(planned.session))) {
    return planned;
  }
  const begun = then(planned, next => dispatchSegments(next, time));
  const goesOn =
    hasActive(begun.session.state.tasks) ||
    planning ||
    measuring ||
    inspecting ||
    awaitsPoints(begun.session.state) ||
    isWaitingForTime(begun.session, time) ||
    isWaitingForDevice(begun.session) ||
    isWaitingForReservation(begun.session);
  return goesOn ? begun : then(begun, next => done(next, time));
}

/** Whether tasks wait by a plan, before any of them has begun. */
function isPlanned(session: ISession, time: number): boolean {
  return session.state.goal === 'run' && !session.learning && hasTurns(session, time);
}

/** Whether tasks may yet be trained on devices that others have for themselves. */
function isWaitingForDevice({ state }: ISession): boolean {
  return busyElsewhere(state).length > 0 && state.tasks.some(task => isOpen(task, state));
}

function hasWork({ state }: ISession): boolean {
  return awaitsPoints(state) || state.tasks.some(task => isActive(task) || isOpen(task, state));
}

/** Whether a plan is being followed: what it has next begins as soon as it can, whatever else is being looked for. */
function isUnderWay({ learning, state: { goal, run, plan } }: ISession): boolean {
  return goal === 'run' && run !== undefined && run.endedAt === undefined && plan !== undefined && !learning;
}

/** The session that learns by training, when it has anything to try, or to wait for, before the first plan of a run. */
function withLearning({ session, commands }: IStep, goesOn: boolean): IStep {
  const waits = session.state.trials.length > 0 || beginsEarly(session);
  const begins = exploresInRun(session) && !goesOn && waits;
  return { session: begins ? { ...session, learning: true } : session, commands };
}

function follow(session: ISession, time: number): IStep {
  return session.learning
    ? startFirst(session, time)
    : then(
        then(dispatchTrials(session, time), next => dispatchSegments(next, time)),
        next => startEarly(next, time)
      );
}

/** Begin what tells of strategies, and what is known already on devices that this leaves. */
function startFirst(session: ISession, time: number): IStep {
  return then(dispatchTrials(session, time), next => startEarly(next, time));
}

function then({ session, commands }: IStep, go: (session: ISession) => IStep): IStep {
  const next = go(session);
  return { session: next.session, commands: [...commands, ...next.commands] };
}

function done(session: ISession, time: number): IStep {
  const { run } = session.state;
  const ended = run && run.endedAt === undefined && session.state.goal === 'run';
  return {
    session: withState(
      { ...session, full: false, learning: false },
      { goal: 'none', ...(ended ? { run: { ...run, endedAt: time } } : {}) }
    ),
    commands: []
  };
}

/** Make sure that a plan answers the present question, or is on its way. */
function keepPlan(session: ISession, time: number): IStep {
  const { plan, planning, tasks } = session.state;
  if (plan && !(plan.fresh && !planning) && !isAnythingOpen(session.state)) {
    // Nothing is left to plan: the plan that was followed stays, to look back at.
    return { session: withState(session, { planning: false, plan: { ...plan, fresh: true } }), commands: [] };
  }
  if (plan?.fresh || planning) {
    return { session, commands: [] };
  }
  const isAnswered = session.planRevision === session.question?.revision && session.news.length > 0;
  return isAnswered && hasActive(tasks) && !isReplanDue(session, time)
    ? { session, commands: [] }
    : askPlan(session, time);
}

function isAnythingOpen(state: SessionState): boolean {
  return activeTasks(state.tasks).some(isStaying) || state.tasks.some(task => isOpen(task, state));
}
