import { dispatchSegments } from './dispatch.js';
import { isWithoutDevices, withoutDevices } from './excludedDevices.js';
import { exploresInRun } from './exploration.js';
import { askPlan, isReplanDue } from './replanning.js';
import { withRungs } from './rungs.js';
import { type ISession, type IStep, isActive, isOpen, withState } from './session.js';
import { dispatchTrials } from './trialDispatch.js';
import { planTrials } from './trialPlanning.js';
import { isWaitingForTime } from './wishes.js';

/**
 * Go as far towards the goal as can be gone now: follow the plan, wait for inspections, make the missing trials, ask for a
 * plan. While tasks train, nothing waits for what is asked. Called after every event.
 *
 * @param time - seconds since the epoch.
 */
export function advance(before: ISession, time: number): IStep {
  const session = withRungs(before);
  const { goal, agent, cluster, tasks } = session.state;
  if (goal === 'none' || agent === 'away' || !cluster) {
    return { session, commands: [] };
  }
  if (isWithoutDevices(session)) {
    return { session: withoutDevices(session, time), commands: [] };
  }
  const underWay = isUnderWay(session);
  const followed = underWay ? follow(session, time) : { session, commands: [] };
  const training = followed.session.state.tasks.some(isActive);
  const inspecting = tasks.some(task => task.status === 'inspecting');
  if (inspecting && !training) {
    return followed;
  }
  const measured = then(
    then(followed, next => withLearning(planTrials(next, time), underWay)),
    next => dispatchTrials(next, time)
  );
  const { trials, probing } = measured.session.state;
  const { learning, profiled } = measured.session;
  const measuring = trials.length > 0 || probing === true;
  if ((measuring && !(training && goal === 'run')) || (learning && !profiled)) {
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
  const waiting = planning || measuring || inspecting || isWaitingForTime(begun.session, time);
  const goesOn = begun.session.state.tasks.some(isActive) || waiting;
  return goesOn ? begun : then(begun, next => done(next, time));
}

function hasWork({ state }: ISession): boolean {
  return state.tasks.some(task => isActive(task) || isOpen(task, state));
}

/** Whether a plan is being followed: what it has next begins as soon as it can, whatever else is being looked for. */
function isUnderWay({ learning, state: { goal, run, plan } }: ISession): boolean {
  return goal === 'run' && run !== undefined && run.endedAt === undefined && plan !== undefined && !learning;
}

/** The session that learns by training, when it has anything to try before the first plan of a run. */
function withLearning({ session, commands }: IStep, underWay: boolean): IStep {
  const begins = exploresInRun(session) && !underWay && session.state.trials.length > 0;
  return { session: begins ? { ...session, learning: true } : session, commands };
}

function follow(session: ISession, time: number): IStep {
  return then(dispatchTrials(session, time), next => dispatchSegments(next, time));
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
  if (plan && !(plan.fresh && !planning) && !tasks.some(task => isOpen(task, session.state))) {
    // Nothing is left to plan: the plan that was followed stays, to look back at.
    return { session: withState(session, { planning: false, plan: { ...plan, fresh: true } }), commands: [] };
  }
  if (plan?.fresh || planning) {
    return { session, commands: [] };
  }
  const isAnswered = session.planRevision === session.question?.revision && session.news.length > 0;
  return isAnswered && tasks.some(isActive) && !isReplanDue(session, time)
    ? { session, commands: [] }
    : askPlan(session, time);
}
