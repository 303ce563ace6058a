import { ENGLISH } from '../core/model/translation.js';
import type { ISession } from '../core/session/session.js';
import { progressLine } from '../core/view/status/progressLine.js';
import type { SessionState } from '../core/wire/messages.js';
import type { CacheSync } from './cacheSync.js';
import type { DiskMeter } from './diskUse.js';
import type { SessionPlanner } from './planner/sessionPlanner.js';
import type { TrackerReports } from './trackerReports.js';

/** A session as clients see it: with what the engine alone knows, and is not part of its history. */
export class ShownState {
  constructor(private readonly _options: ShownState.IOptions) {}

  /** As it is now, with the plan that is being made. */
  now(): SessionState {
    const { session, planner, now } = this._options;
    const state = planner.withDraft(session().state, session().planRevision);
    return { ...this.of(state), progress: progressLine(state, now(), ENGLISH) };
  }

  /** A state of it, with that. */
  of(state: SessionState): SessionState {
    const { disk, cache, trackers } = this._options;
    const { profiled, selection } = this._options.session();
    return {
      ...state,
      ...(disk.use && { disk: disk.use }),
      profiled,
      ...(selection && state.goal === 'run' ? { selected: [...selection] } : {}),
      ...trackers.shown(state),
      ...(cache.trouble ? { notices: [...state.notices, cache.trouble] } : {})
    };
  }
}

/** Namespace of {@link ShownState}. */
export namespace ShownState {
  export interface IOptions {
    readonly session: () => ISession;
    readonly planner: Pick<SessionPlanner, 'withDraft'>;
    readonly disk: Pick<DiskMeter, 'use'>;
    readonly cache: Pick<CacheSync, 'trouble'>;
    readonly trackers: Pick<TrackerReports, 'shown'>;
    /** Seconds since the epoch. */
    readonly now: () => number;
  }
}
