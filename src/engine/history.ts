import { setImmediate } from 'node:timers/promises';
import type { ISession } from '../core/session/session.js';
import { step } from '../core/session/step.js';
import { clockTime } from '../core/view/format/format.js';
import { SaturnError } from '../core/wire/failure.js';
import type { SessionState } from '../core/wire/messages.js';
import type { Journal } from './journal.js';

/** So many sessions are kept at most; then every second is let go. */
const MOST_KEPT = 256;

/** Records replayed before others have their turn. */
const SLICE = 8;

/** The session as it was after a record of the journal. */
interface IPast {
  readonly seq: number;
  readonly time: number;
  readonly session: ISession;
}

/**
 * The session as it was at any time. To replay a long journal from its beginning takes many seconds, so a session is kept
 * every few records (they share what has not changed), and only what came after it is replayed.
 */
export class History {
  private _kept: IPast[] = [];
  /** Records from one session that is kept to the next. */
  private _interval = 1;
  private _firstPlanAt: number | undefined;

  constructor(private readonly _journal: Pick<Journal, 'seq' | 'read'>) {}

  /**
   * Note what came of a record.
   *
   * @param seq - number of the record.
   * @param time - seconds since the epoch.
   */
  note(seq: number, time: number, session: ISession): void {
    if (session.state.plan) {
      this._firstPlanAt ??= time;
    }
    if (seq % this._interval !== 0 && this._kept.length > 0) {
      return;
    }
    this._kept.push({ seq, time, session });
    if (this._kept.length > MOST_KEPT) {
      this._interval *= 2;
      // The first stays: there is nothing to replay from before it.
      this._kept = this._kept.filter(({ seq }, index) => index === 0 || seq % this._interval === 0);
    }
  }

  /**
   * The session at a time: after all that had happened by then.
   *
   * @param time - seconds since the epoch.
   * @param now - seconds since the epoch.
   * @throws SaturnError `time-to-come`, or `no-plan-then` when there was no plan.
   */
  async stateAt(time: number, now: number): Promise<SessionState> {
    if (time > now) {
      throw new SaturnError({
        code: 'time-to-come',
        message: `${clockTime(time, now, true)} is yet to come, so nobody knows how the plan will be then.`,
        hint: 'The plan as it is now: %saturn show'
      });
    }
    const state = (await this._sessionAt(time))?.state;
    if (!state?.plan) {
      throw new SaturnError({
        code: 'no-plan-then',
        message: `There was no plan at ${clockTime(time, now, true)}.`,
        hint:
          this._firstPlanAt === undefined
            ? 'Make one with %saturn plan.'
            : `The first one was made at ${clockTime(this._firstPlanAt, now, true)}.`
      });
    }
    return state;
  }

  private async _sessionAt(time: number): Promise<ISession | undefined> {
    const next = this._kept.findIndex(past => past.time > time);
    const kept = this._kept.at(next < 0 ? -1 : next - 1);
    if (kept === undefined || next === 0) {
      return undefined;
    }
    let { session } = kept;
    const last = next < 0 ? this._journal.seq : this._kept[next]!.seq;
    for (const [index, record] of this._journal.read(kept.seq, last).entries()) {
      if (record.time > time) {
        break;
      }
      if (index % SLICE === 0) {
        await setImmediate();
      }
      session = step(session, record.event, record.time).session;
    }
    return session;
  }
}
