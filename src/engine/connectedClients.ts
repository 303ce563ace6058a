import type { SessionState } from '../core/wire/messages.js';
import type { IDisposable } from './disposable.js';

/** A client that was silent for this long has left, in seconds; clients ping every 5. */
const CLIENT_TIMEOUT = 20;

/**
 * How long a change may wait for others before it is pushed, in milliseconds. Progress alone can
 * wait: each push has every view drawn anew, on cores that may be training.
 */
const PUSH_DELAY = { change: 200, progress: 1000 };

/** The kernels that watch the session: who they are, and the newest state to each of them. */
export class ConnectedClients implements IDisposable {
  private readonly _seen = new Map<string, number>();
  private _timer: NodeJS.Timeout | null = null;
  private _urgency: ConnectedClients.Urgency = 'progress';
  private _lastSeen: number;

  constructor(private readonly _options: ConnectedClients.IOptions) {
    this._lastSeen = _options.now();
  }

  /** Note that a client said something. One that is new, or was given up, gets the state. */
  seen(client: string): void {
    if (!this._seen.has(client)) {
      this.changed();
    }
    this._lastSeen = this._options.now();
    this._seen.set(client, this._lastSeen);
  }

  /** Seconds since any client was heard of; 0 while one counts as there, though it may be busy. */
  get silence(): number {
    const silence = this._options.now() - this._lastSeen;
    return this._seen.size > 0 && silence <= CLIENT_TIMEOUT ? 0 : silence;
  }

  /** Push the state to all clients soon; several calls make one push. */
  changed(urgency: ConnectedClients.Urgency = 'change'): void {
    if (this._timer && (urgency === 'progress' || this._urgency === 'change')) {
      return;
    }
    this._stopTimer();
    this._urgency = urgency;
    this._timer = setTimeout(() => this.push(), PUSH_DELAY[urgency]);
  }

  /** Push the state to all clients now. */
  push(): void {
    this._stopTimer();
    const state = this._options.state();
    const now = this._options.now();
    for (const [client, time] of this._seen) {
      if (now - time > CLIENT_TIMEOUT) {
        this._seen.delete(client);
      } else {
        this._options.send(client, state);
      }
    }
  }

  dispose(): void {
    this._stopTimer();
    this._seen.clear();
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
    /** The state as clients may see it. */
    readonly state: () => SessionState;
    readonly send: (client: string, state: SessionState) => void;
  }
}
