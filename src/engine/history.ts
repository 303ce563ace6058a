import { setImmediate } from 'node:timers/promises';
import { replay } from '../core/session/replay.js';
import type { ISession } from '../core/session/session.js';
import { clockTime } from '../core/view/format/format.js';
import { SaturnError } from '../core/wire/failure.js';
import type { SessionState } from '../core/wire/messages.js';
import type { Journal } from './journal/journal.js';

/** So many sessions are kept in memory at most; then every second is let go. */
const MOST_KEPT = 256;

/** Records replayed before others have their turn. */
const SLICE = 8;

/** A moment of the session: after a record of the journal. */
interface IMoment {
  readonly seq: number;
  /** In seconds since the epoch. */
  readonly time: number;
}

/** A moment, with the session as it was then. */
interface IPast extends IMoment {
  readonly session: ISession;
}

/** What history knows of a session from its beginning on, however long it was. */
export interface IHistoryIndex {
  /** When there was a plan for the first time, in seconds since the epoch. */
  readonly firstPlanAt?: number;
  /** Moments of which there are snapshots, oldest first. */
  readonly moments: readonly IMoment[];
}

/**
 * The session as it was at any time. To replay a long journal from its beginning takes many seconds, so a session is kept
 * every few records (they share what has not changed), those of long ago on disk, and only what came after it is replayed.
 */
export class History {
  private _kept: IPast[] = [];
  /** Records from one session that is kept to the next. */
  private _interval = 1;
  private _index: IHistoryIndex;

  constructor(private readonly _options: History.IOptions) {
    this._index = _options.index ?? { moments: [] };
  }

  /** What a snapshot of now is to tell those who begin with it. */
  get index(): IHistoryIndex {
    return this._index;
  }

  /**
   * Note what came of a record.
   *
   * @param seq - number of the record.
   * @param time - seconds since the epoch.
   */
  note(seq: number, time: number, session: ISession): void {
    if (session.state.plan && this._index.firstPlanAt === undefined) {
      this._index = { ...this._index, firstPlanAt: time };
    }
    if (seq % this._interval !== 0 && this._kept.length > 0) {
      return;
    }
    this._kept.push({ seq, time, session });
    if (this._kept.length > MOST_KEPT) {
      this._interval *= 2;
      // The first stays: what came before it is on disk.
      this._kept = this._kept.filter(({ seq }, index) => index === 0 || seq % this._interval === 0);
    }
  }

  /** Note that the session as it is after a record has a snapshot: what came since the last is read from disk from now on. */
  noteSnapshot(seq: number, time: number, session: ISession): void {
    const { moments } = this._index;
    const oldest = moments[0]?.seq ?? seq;
    this._index = { ...this._index, moments: [...moments.filter(moment => moment.seq < seq), { seq, time }] };
    this._kept = [...this._kept.filter(past => past.seq < oldest), { seq, time, session }];
    this._interval = 1;
  }

  /**
   * The session at a time: after all that had happened by then.
   *
   * @param time - seconds since the epoch.
   * @param now - seconds since the epoch.
   * @throws SaturnError `time-to-come`, `no-plan-then` when there was no plan, or `journal-damaged`.
   */
  async stateAt(time: number, now: number): Promise<SessionState> {
    if (time > now) {
      throw new SaturnError({
        code: 'time-to-come',
        message: `${clockTime(time, now, true)} is yet to come, so nobody knows how the plan will be then.`,
        hint: 'The plan as it is now: %saturn show'
      });
    }
    const { state } = await this._sessionAt(time);
    if (!state.plan) {
      const { firstPlanAt } = this._index;
      throw new SaturnError({
        code: 'no-plan-then',
        message: `There was no plan at ${clockTime(time, now, true)}.`,
        hint:
          firstPlanAt === undefined
            ? 'Make one with %saturn plan.'
            : `The first one was made at ${clockTime(firstPlanAt, now, true)}.`
      });
    }
    return state;
  }

  private async _sessionAt(time: number): Promise<ISession> {
    const { journal, empty } = this._options;
    const moments = [...this._index.moments, ...this._kept].sort((a, b) => a.seq - b.seq);
    const next = moments.findIndex(moment => moment.time > time);
    const before = next < 0 ? moments : moments.slice(0, next);
    const past = this._latest(before) ?? { seq: 0, session: empty };
    let { session } = past;
    let replayed = 0;
    for (const record of journal.read(past.seq, moments[next]?.seq ?? journal.seq)) {
      if (record.time > time) {
        break;
      }
      if (replayed++ % SLICE === 0) {
        await setImmediate();
      }
      session = replay(session, record).session;
    }
    return session;
  }

  /** The last of some moments of which the session is there. */
  private _latest(moments: readonly (IMoment | IPast)[]): { seq: number; session: ISession } | undefined {
    for (const moment of [...moments].reverse()) {
      const session = 'session' in moment ? moment.session : this._options.load(moment.seq);
      if (session) {
        return { seq: moment.seq, session };
      }
    }
    return undefined;
  }
}

/** Namespace of {@link History}. */
export namespace History {
  export interface IOptions {
    readonly journal: Pick<Journal, 'seq' | 'read'>;
    /** The session before its first record. */
    readonly empty: ISession;
    /** The session as it was after a record, from a snapshot; undefined when there is none that can be read. */
    readonly load: (seq: number) => ISession | undefined;
    /** What is known of what came before the first record that is noted. */
    readonly index?: IHistoryIndex;
  }
}
