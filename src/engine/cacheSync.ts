import { type ISession, lastAttempt } from '../core/session/session.js';
import type { Failure, ProfileCell, SessionEvent, TaskState } from '../core/wire/messages.js';
import type { ProfileCache } from './profileCache.js';

/** Brings what earlier sessions measured into a session, and keeps what it measures for later ones. */
export class CacheSync {
  /** The user wants to measure all anew. */
  private _forced = false;

  constructor(private readonly _cache: ProfileCache) {}

  /** Why measurements are not kept, once that was found out. */
  get trouble(): Failure | undefined {
    return this._cache.trouble;
  }

  /**
   * What to bring in before an event is taken in: all that is known, when measuring would begin with it; while there is
   * measuring, what is known of tasks that it tells the inspection of.
   *
   * @param after - the session as it would be after the event.
   */
  before(session: ISession, event: SessionEvent, after: ISession): ProfileCell[] {
    if (event.kind === 'profile-requested' && event.force === true) {
      this._forced = true;
    } else if (session.state.goal === 'none') {
      this._forced = false;
    }
    if (event.kind === 'cells-recalled' || this._forced || !isMeasuring(after)) {
      return [];
    }
    const tasks = isMeasuring(session) ? inspectedSince(session, after) : after.state.tasks;
    return tasks.length > 0 ? this._cache.recall({ ...after.state, tasks: [...tasks] }) : [];
  }

  /**
   * Keep what an event measured: a trial, or how fast training was, or that memory did not suffice for it.
   *
   * @param time - seconds since the epoch.
   */
  after(session: ISession, event: SessionEvent, after: ISession, time: number): void {
    const found = measurementOf(session, event, after);
    const node = session.state.cluster?.nodes.find(({ id }) => id === found?.node);
    if (found && node) {
      this._cache.keep(session.state, node, found.cell, time);
    }
  }
}

function isMeasuring({ state, learning }: ISession): boolean {
  return learning || state.trials.length > 0 || state.probing === true;
}

/** Tasks of which another inspection is known than before. */
function inspectedSince({ state: before }: ISession, { state: after }: ISession): readonly TaskState[] {
  if (before.tasks === after.tasks) {
    return [];
  }
  const known = new Set(before.tasks.map(({ inspection }) => inspection));
  return after.tasks.filter(({ inspection }) => inspection !== undefined && !known.has(inspection));
}

/** What an event measured, and where; nothing when the session takes no notice of it. */
function measurementOf(
  { state }: ISession,
  event: SessionEvent,
  after: ISession
): { node: string | undefined; cell: ProfileCell } | undefined {
  if (event.kind === 'trial-finished') {
    const trial = state.trials.find(({ id, status }) => id === event.trial && status === 'running');
    const on = trial?.model === undefined ? {} : { model: trial.model };
    return trial && event.cell && { node: trial.node, cell: { ...event.cell, ...on } };
  }
  if (event.kind === 'group' && (event.event.kind === 'oom' || event.event.kind === 'measured')) {
    const task = state.tasks.find(({ spec }) => spec.name === event.event.task);
    const before = new Set(state.cells);
    const cell = after.state.cells.find(
      one => (one.status === 'oom' || one.trained !== undefined) && !before.has(one)
    );
    return task && cell && { node: lastAttempt(task)?.node, cell };
  }
  return undefined;
}
