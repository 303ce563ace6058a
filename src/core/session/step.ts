import type { AgentHello, Failure, GroupEvent, SessionEvent } from '../wire/messages.js';
import { advance } from './advance.js';
import { noteAgent, noteNode } from './agents.js';
import { finishLeaving, noteBridge, noteUnwanted, noteWanted, restoreBridge } from './bridge.js';
import { maxDevicesEver } from './deviceCounts.js';
import { dispatchInspections } from './deviceInspections.js';
import { includeBusyDevices } from './excludedDevices.js';
import { withFailedSweeps } from './failedSweeps.js';
import { askedOnce, lookFirst } from './firstLooks.js';
import { notePart } from './groupParts.js';
import { withHindsight } from './hindsight.js';
import { inspectAgain, inspectStopped, noteInspections, resultsOf } from './inspections.js';
import { shareInspections } from './likePoints.js';
import { noteLostHistory } from './lostHistory.js';
import { noteNodeAway } from './lostNodes.js';
import { withEventNews } from './news.js';
import { noteTrouble, withoutForgotten, withSilence } from './nodes.js';
import { halt, noteRoom } from './pausing.js';
import { noteRenewed, renewPopulations } from './population.js';
import { noteProfile, noteRecalled, noteTrial, withTechniques } from './profiling.js';
import { adoptGiven, adoptPlan, changesMoves } from './replanning.js';
import { withReservations } from './reservations.js';
import { reset } from './reset.js';
import { noteResume, noteRun } from './resuming.js';
import { gather, withEarly } from './rungs.js';
import { type ISession, type IStep, withGoal, withNotice, withStalePlan, withState } from './session.js';
import { noteSpeed, splitSignature } from './speeds.js';
import { noteStop } from './stopping.js';
import { noteRung } from './stopRules/judging.js';
import { withLadders } from './stopRules/ladder.js';
import { promotePaused } from './stopRules/promotion.js';
import { noteShortage } from './storage.js';
import {
  endedSweeps,
  noteSuggested,
  suggestPoints,
  withoutEmptySweeps,
  withoutSweeps,
  withSweep,
  withSweepsTriedAgain
} from './sweeps.js';
import { addTasks, finishRemovals, removeTasks } from './tasks.js';
import { hasActive } from './taskTable.js';
import { noteTechniques } from './techniques.js';
import { noteTracking, restoreTracking, wakeTrackers } from './tracking.js';
import { noteTrialPlan } from './trialPlanning.js';
import { withVerdicts } from './verdicts.js';
import { isTimed, noteWishes } from './wishes.js';

/**
 * The session state machine: one event in, the next session and the commands out. It is pure:
 * the journal's events in order always give the same session.
 *
 * @param time - when the event happened, in seconds since the epoch.
 */
export function step(session: ISession, event: SessionEvent, time: number): IStep {
  const taken = note(isPassing(event) ? session : { ...session, passed: {} }, event, time);
  const removals = finishRemovals(taken.session);
  const isPaused = removals.session.state.pause !== undefined && session.state.pause === undefined;
  const kept = isPaused ? halt(removals.session) : { session: removals.session, commands: [] };
  const left = finishLeaving(kept.session);
  const noted = {
    session: left.session,
    commands: [...taken.commands, ...removals.commands, ...kept.commands, ...left.commands]
  };
  // What a rank group reports while it trains decides nothing about those that wait.
  if (event.kind === 'group' && event.event.kind === 'step') {
    // It is not journaled, so nothing is begun for it: a replay would not know.
    return { ...noted, session: withState(noted.session, { rev: session.state.rev + 1 }) };
  }
  const told = withEventNews(session, noted.session, event);
  const judged = event.kind === 'group' && event.event.kind !== 'failed' ? told : withVerdicts(told);
  const looking = inTurn({ session: withoutEmptySweeps(session, judged), commands: noted.commands }, [
    next => promotePaused(next, event),
    next => shareInspections(next, time),
    next => lookFirst(next, time),
    dispatchInspections,
    suggestPoints
  ]);
  const renewing = renewPopulations(looking.session);
  const advanced = inTurn({ session: renewing.session, commands: askedOnce(looking.commands) }, [
    withReservations,
    next => advance(next, time),
    withReservations
  ]);
  const next = withHindsight(session, withFailedSweeps(session, withLadders(advanced.session)), event, time);
  return {
    session: withState(next, { rev: session.state.rev + 1 }),
    // What is made at once, and taken in, comes after all else.
    commands: [...advanced.commands, ...wakeTrackers(session, next), ...renewing.commands]
  };
}

function inTurn(begun: IStep, moves: readonly ((session: ISession) => IStep)[]): IStep {
  return moves.reduce(({ session, commands }, move) => {
    const next = move(session);
    return { session: next.session, commands: [...commands, ...next.commands] };
  }, begun);
}

/** What brings no task back that was over, nor another plan. */
const PASSING: ReadonlySet<GroupEvent['kind']> = new Set([
  'ready',
  'meets',
  'started',
  'step',
  'rung',
  'measured',
  'validated',
  'checkpoint',
  'finished',
  'stopped'
]);

function isPassing(event: SessionEvent): boolean {
  return event.kind === 'group' && PASSING.has(event.event.kind);
}

function note(session: ISession, event: SessionEvent, time: number): IStep {
  const only = (next: ISession): IStep => ({ session: next, commands: [] });
  switch (event.kind) {
    case 'created':
    case 'version-changed':
      return only(session);
    case 'history-lost':
      return only(noteLostHistory(session, event));
    case 'tasks-added':
      return noteAdded(session, event);
    case 'points-suggested':
      return noteSuggested(session, event);
    case 'population-renewed':
      return noteRenewed(session, event);
    case 'tasks-removed':
      return removeTasks(session, event.tasks);
    case 'inspected':
      return only(noteInspections(session, resultsOf(event), time));
    case 'devices-freed':
      return only(
        includeBusyDevices(
          session,
          ({ node, device }) => node === event.node && event.devices.includes(device.id)
        )
      );
    case 'storage-short':
      return only(noteShortage(session, event, time));
    case 'storage-free':
      return noteRoom(session);
    case 'node-changed':
      return event.error
        ? only(noteTrouble(session, event.node.id, event.error))
        : noteNode(session, event.node, []);
    case 'profile-requested': {
      const whole = inspectStopped(includeBusyDevices(session), null);
      return { ...whole, session: noteProfile(whole.session, event) };
    }
    case 'trial-finished':
      return only(noteTrial(session, event.trial, event.cell, time));
    case 'cells-recalled':
      return only(noteRecalled(session, event.cells));
    case 'techniques-set':
      return noteTechniques(session, event.techniques, event.remove ?? []);
    case 'tracking-set':
      return noteTracking(session, event.trackers, time);
    case 'plan-requested': {
      const whole = inspectStopped(includeBusyDevices(session), null);
      const asked = withTechniques(whole.session, event.excludeTechniques);
      const budget = event.budget ?? session.budget;
      const early = withEarly({ ...asked, budget }, event.early);
      return { ...whole, session: withGoal(withStalePlan(early), 'plan') };
    }
    case 'plan-made': {
      const { planning, probing } = session.state;
      // A question that was never asked was so by other rules: those by which the session lived whose journal this is.
      const isOther = event.basis > session.planRevision;
      if (!isOther && (event.basis !== session.planRevision || !(planning || probing))) {
        return only(session);
      }
      const asked = isOther ? { ...session, planRevision: event.basis } : session;
      if (probing) {
        return only(noteTrialPlan(asked, event.plan));
      }
      return adoptPlan(asked, event.plan, time);
    }
    case 'plan-failed':
      return only(event.basis === session.planRevision ? notePlanFailure(session, event.error) : session);
    case 'plan-given':
      return adoptGiven(session, event.plan, time);
    case 'wishes-set':
      return noteOtherWishes(session, event, time);
    case 'clock':
      return only(withoutForgotten(session, time));
    case 'run-requested': {
      const names = event.tasks ?? null;
      // Of a plan made earlier, the clock has come nearer to what is asked for; or it was made for other moves.
      const isOther = isTimed(session) || changesMoves(session, event.switches);
      const now = isOther && !session.state.plan?.given ? withStalePlan(session) : session;
      const whole = inspectStopped(includeBusyDevices(withSweepsTriedAgain(now)), names);
      const { switches, early, keeps } = event;
      const run = gather(withEarly(noteRun(whole.session, names), early));
      return {
        session: withState(run.session, { keeps, ...(switches && { switches }) }),
        commands: [...whole.commands, ...run.commands]
      };
    }
    case 'stop-requested':
      return noteStop(session, event.tasks ?? null, time);
    case 'resume-requested':
      return noteResume(session, event.tasks);
    case 'group':
      return noteRankGroup(session, event.event);
    case 'replan-due':
      return only(session);
    case 'speed-differs':
      return only(splitSignature(session, event));
    case 'agent-connected':
      return noteHello(session, event.hello, time);
    case 'bridge-wanted':
      return noteWanted(session, event.request, time);
    case 'bridge-unwanted':
      return noteUnwanted(session, time);
    case 'bridge-reported':
      return noteBridge(session, event.report, time);
    case 'agent-away':
      return only(withSilence(session, event.node, time));
    case 'node-away':
      return noteNodeAway(session, event, time);
    case 'reset':
      return reset(session);
  }
}

function noteAdded(session: ISession, { tasks, sweep, made }: SessionEvent & { kind: 'tasks-added' }): IStep {
  const without = sweep ? session : withoutSweeps(session, endedSweeps(session, tasks));
  return addTasks(withSweep(without, sweep, made ?? tasks.length), tasks);
}

function noteHello(session: ISession, hello: AgentHello, time: number): IStep {
  const noted = noteAgent(session, hello, time);
  const bridged = restoreBridge(noted.session, hello, time);
  return {
    ...bridged,
    commands: [...noted.commands, ...bridged.commands, ...restoreTracking(bridged.session, hello)]
  };
}

function noteRankGroup(session: ISession, event: GroupEvent): IStep {
  const noted = notePart(session, event);
  if (event.kind === 'rung') {
    const judged = noteRung(noted.session, event);
    return { ...judged, commands: [...noted.commands, ...judged.commands] };
  }
  const watched = noteSpeed(noted.session, event);
  return { ...watched, commands: [...noted.commands, ...watched.commands] };
}

/** Where tasks may use more devices than before, what is feasible on those is to be found out. */
function noteOtherWishes(
  session: ISession,
  event: SessionEvent & { kind: 'wishes-set' },
  time: number
): IStep {
  const next = noteWishes(session, event, time);
  const before = maxDevicesEver(session);
  const grown = [...maxDevicesEver(next)].some(([kind, most]) => most > (before.get(kind) ?? 0));
  if (!grown) {
    return { session: next, commands: [] };
  }
  return inspectAgain(next);
}

/** There is no plan: nothing begins; or, while tasks train, the plan there is is followed. */
function notePlanFailure(session: ISession, error: Failure): ISession {
  const { plan, tasks } = session.state;
  const asked: ISession = { ...session, learning: false };
  const told = withNotice(withState(asked, { planning: false, probing: false }), error);
  return plan && hasActive(tasks)
    ? withState(told, { plan: { ...plan, fresh: true } })
    : withState(told, { goal: 'none' });
}
