import type { SessionState } from '../core/wire/messages.js';
import type { IDisposable } from './disposable.js';

/** A client that was silent for this long has left, in seconds; clients ping every 5. */
const CLIENT_TIMEOUT = 20;

/** Changes are pushed to clients at most this often, in milliseconds. */
const PUSH_INTERVAL = 200;

/** The kernels that watch the session: who they are, and the newest state to each of them. */
export class Clients implements IDisposable {
  private readonly _seen = new Map<string, number>();
  private _timer: NodeJS.Timeout | null = null;
  private _lastSeen: number;

  constructor(private readonly _options: Clients.IOptions) {
    this._lastSeen = _options.now();
  }

  /** Note that a client said something. */
  seen(client: string): void {
    this._lastSeen = this._options.now();
    this._seen.set(client, this._lastSeen);
  }

  /** Seconds since any client was heard of. */
  get silence(): number {
    return this._options.now() - this._lastSeen;
  }

  /** Push the state to all clients soon; several calls make one push. */
  changed(): void {
    this._timer ??= setTimeout(() => this.push(), PUSH_INTERVAL);
  }

  /** Push the state to all clients now. */
  push(): void {
    if (this._timer) {
      clearTimeout(this._timer);
      this._timer = null;
    }
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
    if (this._timer) {
      clearTimeout(this._timer);
      this._timer = null;
    }
    this._seen.clear();
  }
}

/** Namespace of {@link Clients}. */
export namespace Clients {
  export interface IOptions {
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** The state as clients may see it. */
    readonly state: () => SessionState;
    readonly send: (client: string, state: SessionState) => void;
  }
}
