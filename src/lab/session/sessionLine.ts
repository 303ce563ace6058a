import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { SaturnError } from '../../core/wire/failure.js';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import type { ConnectionProblem } from './connectionProblem.js';
import type { Incoming } from './messageChannel.js';

/** What leads to one session, by whatever way: its newest state, and where messages go. */
export interface ISessionLine extends IDisposable {
  /** Emitted when `state` or `problem` changed. */
  readonly changed: ISignal<ISessionLine, void>;

  /** Troubles that belong to no request, such as a message nobody understands. */
  readonly failed: ISignal<ISessionLine, Failure>;

  /** Newest state of the session, or null when there never was one. */
  readonly state: SessionState | null;

  /** Why `state` is missing or may be out of date; null when it is live. */
  readonly problem: ConnectionProblem | null;

  /** Whether messages reach an engine. */
  readonly connected: boolean;

  /** Have the session started when it does not run. Failures end in `problem`. */
  attach(): Promise<void>;

  /** Send a message to the engine. Rejects with a SaturnError when it refuses or is out of reach. */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming>;
}

/** Why nothing can be asked of a session. */
export const notConnected = () =>
  new SaturnError({
    code: 'not-connected',
    message: 'The session is out of reach just now.',
    hint: 'The Saturn panel, or its dashboard, says why and what can be done.'
  });
