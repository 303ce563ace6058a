import type { Command } from './command.js';
import { dispatchSegments, dispatchTrials } from './dispatch.js';
import { isWithoutDevices, withoutDevices } from './excludedDevices.js';
import { planRequest } from './planRequest.js';
import { withRungs } from './rungs.js';
import { type ISession, type IStep, isActive, isOpen, withState } from './session.js';
import { planTrials } from './trialPlanning.js';

/**
 * Go as far towards the goal as can be gone now: wait for inspections, make the missing trials,
 * ask for a plan, follow it. Called after every event.
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
  if (tasks.some(task => task.status === 'inspecting')) {
    return { session, commands: [] };
  }
  const profile = planTrials(session, time);
  const trials = dispatchTrials(profile.session);
  if (trials.session.state.trials.length > 0 || trials.session.state.probing) {
    return { session: trials.session, commands: [...profile.commands, ...trials.commands] };
  }
  if (goal === 'profile') {
    return done(trials.session, time);
  }
  const planned = keepPlan(trials.session, time);
  if (planned.session.state.planning || planned.commands.length > 0) {
    return planned;
  }
  if (goal === 'plan') {
    return done(planned.session, time);
  }
  return followPlan(planned.session, time);
}

function done(session: ISession, time: number): IStep {
  const { run } = session.state;
  const ended = run && run.endedAt === undefined && session.state.goal === 'run';
  return {
    session: withState(
      { ...session, full: false },
      { goal: 'none', ...(ended ? { run: { ...run, endedAt: time } } : {}) }
    ),
    commands: []
  };
}

/** Make sure that a plan answers the present question, or is on its way. */
function keepPlan(session: ISession, time: number): IStep {
  if (session.state.plan?.fresh || session.state.planning) {
    return { session, commands: [] };
  }
  const { plan, tasks } = session.state;
  if (plan && !tasks.some(task => isOpen(task, session.state))) {
    // Nothing is left to plan: the plan that was followed stays, to look back at.
    return { session: withState(session, { plan: { ...plan, fresh: true } }), commands: [] };
  }
  const planRevision = session.planRevision + 1;
  const request = planRequest(session.state, time, {
    selection: session.state.goal === 'run' ? session.selection : null,
    budget: session.budget
  });
  const command: Command = { kind: 'plan', planRevision, request };
  return { session: { ...withState(session, { planning: true }), planRevision }, commands: [command] };
}

function followPlan(session: ISession, time: number): IStep {
  const step = dispatchSegments(session, time);
  return step.session.state.tasks.some(isActive) ? step : done(step.session, time);
}
