import { SaturnError } from '../wire/failure.js';
import type {
  AgentHello,
  SessionEvent,
  SessionState,
  TrackerState,
  TrackerWish,
  TrackSet
} from '../wire/messages.js';
import type { Command } from './command.js';
import { type ISession, type IStep, withState } from './session.js';
import { hasActive } from './taskTable.js';

const PASSWORD = /:\/\/[^/@]*:[^/@]*@/;

/**
 * The event that a client's wish for trackers makes.
 *
 * @throws SaturnError `not-tracked` where one is to be told no more that is not told; `secret-in-uri`.
 */
export function trackingEvent({ state }: ISession, { set, off }: TrackSet): SessionEvent {
  const told = (state.tracking ?? []).map(({ wish }) => wish);
  const unknown = off?.find(name => !told.some(({ tracker }) => tracker === name));
  if (unknown !== undefined) {
    throw new SaturnError({
      code: 'not-tracked',
      message: `${unknown} is not told of anything.`,
      hint:
        told.length > 0 ? `Told are: ${told.map(({ tracker }) => tracker).join(', ')}.` : 'See %saturn track.'
    });
  }
  if (set?.uri !== undefined && PASSWORD.test(set.uri)) {
    throw new SaturnError({
      code: 'secret-in-uri',
      message: 'The address holds a password, which would be written down with it.',
      hint: 'Put the whole address into the environment instead, as MLFLOW_TRACKING_URI, and leave it out here.'
    });
  }
  const over = new Set<string>([
    ...(off?.length === 0 ? told.map(({ tracker }) => tracker) : (off ?? [])),
    ...(set ? [set.tracker] : [])
  ]);
  const kept = told.filter(({ tracker }) => !over.has(tracker));
  return { kind: 'tracking-set', trackers: [...kept, ...(set ? [set] : [])] };
}

/** The session whose tasks these trackers are told of, from now on and of what was. */
export function noteTracking(session: ISession, wishes: readonly TrackerWish[], time: number): IStep {
  const known = session.state.tracking ?? [];
  const tracking = wishes.map(
    (wish): TrackerState =>
      known.find(one => JSON.stringify(one.wish) === JSON.stringify(wish)) ?? { wish, since: time }
  );
  const next = withState(session, { tracking });
  return { session: next, commands: trackers(next.state) };
}

/** What the agent of the session's own node is to be told of trackers, when it is there (again). */
export function restoreTracking({ state }: ISession, hello: AgentHello): Command[] {
  const known =
    state.tracking !== undefined || hello.trackers === undefined ? state : { ...state, tracking: [] };
  return hello.far ? [] : trackers(known);
}

/** Exporters end when they have told all there is: there is more to come when training begins again. */
export function wakeTrackers(before: ISession, { state }: ISession): Command[] {
  return hasActive(state.tasks) && !hasActive(before.state.tasks) ? trackers(state) : [];
}

/** The node on which trackers are told, while its agent is there. */
export function trackingNode({ nodes = [] }: Pick<SessionState, 'nodes'>): string | undefined {
  return nodes.find(({ isOwn, state }) => isOwn && state === 'connected')?.id;
}

function trackers(state: SessionState): Command[] {
  const node = trackingNode(state);
  return node === undefined || state.tracking === undefined
    ? []
    : [{ kind: 'set-trackers', node, body: { trackers: state.tracking.map(({ wish }) => wish) } }];
}
