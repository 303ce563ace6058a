import { dueEvent } from '../core/session/dueEvent.js';
import { overdueNodes } from '../core/session/nodes.js';
import type { ISession } from '../core/session/session.js';
import { storageEvent } from '../core/session/storage.js';
import { failureOf, type SessionEvent } from '../core/wire/messages.js';
import type { IDisposable } from './disposable.js';

const TICK = 1000;

/** Tells a session each second what the clock and the disk bring about. */
export class SessionClock implements IDisposable {
  private readonly _timer: NodeJS.Timeout;
  private _tickedAt: number;

  constructor(private readonly _options: SessionClock.IOptions) {
    this._tickedAt = _options.now();
    this._timer = setInterval(() => this._tick(), TICK);
  }

  dispose(): void {
    clearInterval(this._timer);
  }

  private _tick(): void {
    const { session, now: clock, freeBytes, onTick } = this._options;
    const now = clock();
    for (const node of overdueNodes(session(), now)) {
      this._tell({ kind: 'node-away', node });
    }
    const due = dueEvent(session(), this._tickedAt, now);
    if (!due || this._tell(due)) {
      this._tickedAt = now;
    }
    const room = storageEvent(session(), freeBytes(), now);
    if (room) {
      this._tell(room);
    }
    onTick();
  }

  /** Returns whether the event could be journaled; else it is tried again. */
  private _tell(event: SessionEvent): boolean {
    try {
      this._options.apply(event);
      return true;
    } catch (error) {
      this._options.log(`${event.kind} waits: ${failureOf(error).message}`);
      return false;
    }
  }
}

/** Namespace of {@link SessionClock}. */
export namespace SessionClock {
  export interface IOptions {
    readonly session: () => ISession;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** How much may still be written; undefined where that cannot be told. */
    readonly freeBytes: () => number | undefined;
    /** Journal an event and take it in; throws when it cannot be journaled. */
    readonly apply: (event: SessionEvent) => void;
    /** What else there is to do each second. */
    readonly onTick: () => void;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
