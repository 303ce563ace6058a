import { toldState } from '../core/wire/judged.js';
import {
  type EngineMessages,
  failureOf,
  type SessionState,
  type StateChange
} from '../core/wire/messages.js';
import { stateChange } from '../core/wire/stateChange.js';
import type { IDisposable } from './disposable.js';

/** A client that was silent for this long has left, in seconds; clients ping every 5. */
const CLIENT_TIMEOUT = 20;

/**
 * A client that pings, but has not said for this long that it has taken in what it was told, in seconds, may never have got
 * it: it is told all again. Each time it is given twice as long: it may as well be slow.
 */
const UNREAD_TIMEOUT = 10;

/**
 * How long a change may wait for others before it is pushed, in milliseconds. Progress alone can
 * wait: each push has every view drawn anew, on cores that may be training.
 */
const PUSH_DELAY = { change: 200, progress: 1000 };

/**
 * So much is told to a client in a second, in characters, and so long at most others wait for that, in seconds. Where many
 * short tasks train there is another plan several times a second, and in each all that waits is to begin at another time.
 */
const PACE = { characters: 25_000, longest: 2 };

/** A client, by what it knows. */
interface IClient {
  /** When it was heard of last. */
  seen: number;
  /** The state it was told last; null when it was told none. */
  told: SessionState | null;
  /** Since when it has not said that it has taken that in; null when it has. */
  readingSince: number | null;
  /** How long it may still go on so, in seconds. */
  patience: number;
  /** Whether there was more to tell meanwhile. */
  isBehind: boolean;
}

/**
 * The kernels and pages that watch the session: who they are, and to each of them what is other than when it was last told. One
 * that is slow to read is told nothing more until it has read, and then the newest: nothing queues up for it.
 */
export class ConnectedClients implements IDisposable {
  private readonly _clients = new Map<string, IClient>();
  private readonly _followers = new Set<string>();
  private _timer: NodeJS.Timeout | null = null;
  private _urgency: ConnectedClients.Urgency = 'progress';
  private _lastSeen: number;
  /** When what was told last may be followed by more, in seconds since the epoch. */
  private _restsUntil = 0;

  constructor(private readonly _options: ConnectedClients.IOptions) {
    this._lastSeen = _options.now();
  }

  /** From now on a client only follows: that it is there is no reason for the session to stay. */
  follows(client: string): void {
    this._followers.add(client);
  }

  /** Note that a client said something. One that is new, or was given up, gets the state. */
  seen(client: string): void {
    const now = this._options.now();
    if (!this._followers.has(client)) {
      this._lastSeen = now;
    }
    const known = this._clients.get(client);
    if (known) {
      known.seen = now;
    } else {
      this._clients.set(client, {
        seen: now,
        told: null,
        readingSince: null,
        patience: UNREAD_TIMEOUT,
        isBehind: false
      });
      this.changed();
    }
  }

  /** Note that a client has taken in the state of a revision. What has changed since follows. */
  taken(client: string, rev: number): void {
    const known = this._clients.get(client);
    if (known?.told && known.told.rev <= rev) {
      known.readingSince = null;
      known.patience = UNREAD_TIMEOUT;
      if (known.isBehind) {
        this.changed();
      }
    }
  }

  /** Tell a client the whole state, in answer to what it said. */
  tellAll(client: string, re: string): void {
    this._tellAll(client, this._options.state(), re);
  }

  /**
   * Tell a client that pings what has changed, unless it has not read yet what it was told before. What it should have read
   * long ago may have been lost: then it is told all again.
   */
  tell(client: string): void {
    const known = this._clients.get(client);
    const since = known?.readingSince ?? null;
    if (known && since !== null && this._options.now() - since > known.patience) {
      known.patience *= 2;
      this._tellAll(client, this._options.state());
    } else {
      this._tell(client, this._options.state(), new Map());
    }
  }

  /** Seconds since any client was heard of; 0 while one counts as there, though it may be busy. */
  get silence(): number {
    const silence = this._options.now() - this._lastSeen;
    const isWatched = [...this._clients.keys()].some(client => !this._followers.has(client));
    return isWatched && silence <= CLIENT_TIMEOUT ? 0 : silence;
  }

  /** Tell all clients soon what has changed; several calls make one push. */
  changed(urgency: ConnectedClients.Urgency = 'change'): void {
    if (this._timer && (urgency === 'progress' || this._urgency === 'change')) {
      return;
    }
    this._stopTimer();
    this._urgency = urgency;
    const rest = Math.min(PACE.longest, this._restsUntil - this._options.now());
    this._timer = setTimeout(() => this.push(), Math.max(PUSH_DELAY[urgency], 1000 * rest));
  }

  /** Tell all clients now what has changed. */
  push(): void {
    this._stopTimer();
    const now = this._options.now();
    for (const [client, { seen }] of this._clients) {
      if (now - seen > CLIENT_TIMEOUT) {
        this._clients.delete(client);
      }
    }
    if (this._clients.size > 0) {
      this._try(() => this._tellEach(this._options.state()));
    }
  }

  dispose(): void {
    this._stopTimer();
    this._clients.clear();
    this._followers.clear();
  }

  private _tellEach(state: SessionState): void {
    const changes = new Map<SessionState, StateChange>();
    for (const client of this._clients.keys()) {
      this._try(() => this._tell(client, state, changes));
    }
  }

  /** Nobody waits for what a timer does: what fails in it is told to the log, and clients with the next change. */
  private _try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this._options.log(`a client was not told: ${failureOf(error).message}`);
    }
  }

  /** @param changes - what makes the state of another one, as far as that was found out before. */
  private _tell(client: string, state: SessionState, changes: Map<SessionState, StateChange>): void {
    const known = this._clients.get(client);
    if (!known || known.told?.rev === state.rev) {
      return;
    }
    if (known.readingSince !== null) {
      known.isBehind = true;
      return;
    }
    const { told } = known;
    if (!told) {
      this._tellAll(client, state);
      return;
    }
    const change = changes.get(told) ?? stateChange(told, state);
    changes.set(told, change);
    const length = this._options.send(client, 'change', change);
    const rest = Math.min(PACE.longest, length / PACE.characters);
    this._restsUntil = Math.max(this._restsUntil, this._options.now() + rest);
    this._note(client, state);
  }

  private _tellAll(client: string, state: SessionState, re?: string): void {
    this._options.send(client, 'state', toldState(state), re);
    this._note(client, state);
  }

  private _note(client: string, told: SessionState): void {
    const known = this._clients.get(client);
    if (known) {
      known.told = told;
      known.readingSince = this._options.now();
      known.isBehind = false;
    }
  }

  private _stopTimer(): void {
    if (this._timer) {
      clearTimeout(this._timer);
      this._timer = null;
    }
  }
}

/** Namespace of {@link ConnectedClients}. */
export namespace ConnectedClients {
  /** Whether something happened, or merely went on. */
  export type Urgency = 'change' | 'progress';

  export interface IOptions {
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** The state as clients may see it; two of the same revision are the same. */
    readonly state: () => SessionState;
    /** Returns how long the message is, in characters. */
    readonly send: <T extends 'state' | 'change'>(
      client: string,
      type: T,
      body: EngineMessages[T],
      re?: string
    ) => number;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
