import type { ReplanCause, SessionEvent } from '../wire/messages.js';
import { resultsOf } from './inspections.js';
import { type ISession, openNews, withNews } from './session.js';
import { hasActive } from './taskTable.js';

/**
 * The session that knows why it is to plan anew, when an event is a reason and tasks train.
 *
 * @param before - the session before the event.
 */
export function withEventNews(before: ISession, session: ISession, event: SessionEvent): ISession {
  const { goal, tasks } = session.state;
  if (goal !== 'run' || !(hasActive(tasks) || hasActive(before.state.tasks))) {
    return session;
  }
  const isStale = session.planRevision !== before.planRevision;
  const cause = causeOf(event, isStale);
  const known = isStale ? openNews(before) : before.news;
  return cause && session.news.length === known.length ? withNews(session, cause) : session;
}

/** @param isStale - whether the plan no longer answers the question for it. */
function causeOf(event: SessionEvent, isStale: boolean): ReplanCause | undefined {
  switch (event.kind) {
    case 'group': {
      const { kind, task } = event.event;
      const ends = { finished: 'ended', failed: 'failed', oom: 'failed', lost: 'failed' } as const;
      if (kind === 'finished' || kind === 'failed' || kind === 'oom' || kind === 'lost') {
        return { kind: ends[kind], tasks: [task] };
      }
      return kind === 'stopped' && isStale ? { kind: 'stopped', tasks: [task] } : undefined;
    }
    case 'replan-due':
      return { kind: 'interval' };
    default:
      return isStale ? causeOfStale(event) : undefined;
  }
}

function causeOfStale(event: SessionEvent): ReplanCause | undefined {
  switch (event.kind) {
    case 'tasks-added':
    case 'points-suggested':
    case 'population-renewed':
      return { kind: 'added', tasks: event.tasks.map(({ name }) => name) };
    case 'inspected':
      return { kind: 'added', tasks: resultsOf(event).map(({ task }) => task) };
    case 'tasks-removed':
      return { kind: 'removed', tasks: event.tasks };
    case 'stop-requested':
      return { kind: 'stopped', ...(event.tasks && { tasks: event.tasks }) };
    case 'run-requested':
    case 'resume-requested':
      return { kind: 'resumed', ...(event.tasks && { tasks: event.tasks }) };
    case 'storage-free':
      return { kind: 'resumed' };
    case 'history-lost':
      return { kind: 'resumed', tasks: event.saved.map(({ task }) => task) };
    case 'speed-differs':
      return { kind: 'speed', tasks: [event.task], factor: event.factor };
    case 'trial-finished':
    case 'cells-recalled':
      return { kind: 'measured' };
    case 'node-changed':
    case 'devices-freed':
    case 'agent-connected':
    case 'node-away':
    case 'bridge-unwanted':
    case 'bridge-reported':
      return { kind: 'devices' };
    case 'profile-requested':
    case 'plan-requested':
    case 'techniques-set':
    case 'wishes-set':
      return { kind: 'wishes' };
    case 'created':
    case 'version-changed':
    case 'storage-short':
    case 'plan-made':
    case 'plan-failed':
    case 'plan-given':
    case 'clock':
    case 'group':
    case 'replan-due':
    case 'agent-away':
    case 'bridge-wanted':
    case 'tracking-set':
    case 'reset':
      return undefined;
    default:
      return event satisfies never;
  }
}
