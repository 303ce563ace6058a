import { type ISignal, Signal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import type { ConnectionProblem } from './connectionProblem.js';
import { FollowedSession } from './followedSession.js';
import type { Incoming } from './messageChannel.js';
import { type ISessionLine, notConnected } from './sessionLine.js';
import { SocketChannel } from './socketChannel.js';

/** Code with which the server closes the websocket to a session that is not there. */
const NO_SESSION = 4404;

/** How long to wait before the first attempt to connect again, and before any, in milliseconds. */
const DELAY = { first: 500, longest: 30_000 };

/**
 * The way to a session that leads through the Jupyter server, whatever the kernels do. It connects again by itself, and
 * keeps the last state for as long as there is no newer one.
 */
export class ServerConnection implements ISessionLine {
  constructor(private readonly _options: ServerConnection.IOptions) {
    this._session.changed.connect(() => this._changed.emit());
    this._session.failed.connect((_, failure) => this._failed.emit(failure));
    this._connect();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  get state(): SessionState | null {
    return this._session.state;
  }

  get problem(): ConnectionProblem | null {
    const { phase, state } = this._session;
    return phase === null && state?.agent === 'away' ? { kind: 'agent-away' } : phase;
  }

  get connected(): boolean {
    const kind = this.problem?.kind;
    return this._channel !== null && (kind === undefined || kind === 'agent-away');
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  attach(): Promise<void> {
    return this._session.attach();
  }

  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._channel?.request(type, body) ?? Promise.reject(notConnected());
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._session.dispose();
    this._hangUp();
    Signal.clearData(this);
  }

  private _connect(): void {
    const socket = this._options.open();
    this._socket = socket;
    if (this._session.phase === null && this.state === null) {
      this._session.enter({ kind: 'connecting' });
    }
    socket.onopen = () => {
      const channel = new SocketChannel(socket);
      this._channel = channel;
      this._session.listen(channel);
      void this._session.greet(channel);
    };
    socket.onclose = ({ code }) => void this._onClose(code);
  }

  private async _onClose(code: number): Promise<void> {
    const wasOpen = this._channel !== null;
    this._hangUp();
    if (code === NO_SESSION) {
      this._session.enter({ kind: 'session-gone' });
      return;
    }
    const turn = this._session.enter({ kind: 'server-away' });
    this._timer = setTimeout(() => this._connect(), this._delay());
    if (wasOpen) {
      return;
    }
    // A websocket does not say why it was refused.
    const why = await this._options.explain();
    if (why && this._session.turn === turn) {
      this._session.enter(why, turn);
    }
  }

  /** Each time twice as long, and not for all pages at the same moment. */
  private _delay(): number {
    const delay = Math.min(DELAY.first * 2 ** this._attempts, DELAY.longest);
    this._attempts++;
    return delay * (0.75 + this._options.random() / 2);
  }

  private _hangUp(): void {
    const socket = this._socket;
    this._socket = null;
    if (socket) {
      socket.onopen = null;
      socket.onclose = null;
    }
    const channel = this._channel;
    this._channel = null;
    channel?.dispose();
    socket?.close();
  }

  private readonly _session = new FollowedSession({
    channel: () => this._channel,
    acknowledges: true,
    problemOf: failure => Private.problemOf(failure),
    onDetached: () => this._session.enter({ kind: 'asleep' }),
    onLive: () => {
      this._attempts = 0;
    }
  });
  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _socket: WebSocket | null = null;
  private _channel: SocketChannel | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _attempts = 0;
  private _isDisposed = false;
}

export namespace ServerConnection {
  export interface IOptions {
    /** Open the websocket to the session. */
    readonly open: () => WebSocket;
    /** Why a websocket may have been refused; null when nothing is known to be in the way. */
    readonly explain: () => Promise<ConnectionProblem | null>;
    /** From 0 up to 1. */
    readonly random: () => number;
  }
}

namespace Private {
  export const problemOf = (failure: Failure): ConnectionProblem => {
    switch (failure.code) {
      case 'engine-away':
        return { kind: 'engine-away' };
      case 'no-session':
        return { kind: 'session-gone' };
      default:
        return { kind: 'failed', failure, retry: 'attach' };
    }
  };
}
