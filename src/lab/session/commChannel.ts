import type { Kernel } from '@jupyterlab/services';
import { type JSONObject, UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { SaturnError } from '../../core/wire/failure.js';
import {
  asMessage,
  type ClientMessages,
  type Failure,
  failureOf,
  type Message,
  WIRE_VERSION
} from '../../core/wire/messages.js';

/** What may arrive on the comm: the engine's words, relayed, and the kernel's own. */
export type Incoming = Message<'engine'> | Message<'kernel'>;

/** Wire messages over one kernel comm: validated both ways, replies matched to requests by id. */
export class CommChannel implements IDisposable {
  constructor(comm: Kernel.IComm) {
    this._comm = comm;
    comm.onMsg = message => this._onData(message.content.data);
    comm.onClose = () => this._close();
  }

  /** Messages nobody asked for, such as a pushed state. */
  get pushed(): ISignal<this, Incoming> {
    return this._pushed;
  }

  /** A message that could not be understood. */
  get malformed(): ISignal<this, Failure> {
    return this._malformed;
  }

  /** The kernel closed the comm. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  get id(): string {
    return this._comm.commId;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Send a message and wait for the reply to it.
   *
   * @throws SaturnError what an `error` reply carries; `disconnected` when the comm ends first.
   */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    const id = UUID.uuid4();
    return new Promise((resolve, reject) => {
      if (this._isDisposed || this._comm.isDisposed) {
        reject(Private.disconnected());
        return;
      }
      this._waiting.set(id, { resolve, reject });
      this._comm.send({ v: WIRE_VERSION, id, type, body: body as unknown as JSONObject });
    });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    // The comm stays open: the kernel owns it, and the next page finds it again.
    this._comm.onMsg = () => undefined;
    this._comm.onClose = () => undefined;
    for (const { reject } of this._waiting.values()) {
      reject(Private.disconnected());
    }
    this._waiting.clear();
    Signal.clearData(this);
  }

  private _close(): void {
    this._closed.emit();
    this.dispose();
  }

  private _onData(data: unknown): void {
    let message: Incoming;
    try {
      const type = (data as { type?: unknown } | null)?.type;
      message = type === 'kernel.status' ? asMessage('kernel', data) : asMessage('engine', data);
    } catch (error) {
      this._malformed.emit(failureOf(error));
      return;
    }
    const waiting = message.re === undefined ? undefined : this._waiting.get(message.re);
    if (!waiting) {
      this._pushed.emit(message);
      return;
    }
    this._waiting.delete(message.re as string);
    if (message.type === 'error') {
      waiting.reject(new SaturnError(message.body.error));
    } else {
      waiting.resolve(message);
    }
  }

  private readonly _comm: Kernel.IComm;
  private readonly _waiting = new Map<string, Private.IWaiting>();
  private readonly _pushed = new Signal<this, Incoming>(this);
  private readonly _malformed = new Signal<this, Failure>(this);
  private readonly _closed = new Signal<this, void>(this);
  private _isDisposed = false;
}

namespace Private {
  export interface IWaiting {
    resolve: (message: Incoming) => void;
    reject: (error: SaturnError) => void;
  }

  export const disconnected = () =>
    new SaturnError({
      code: 'disconnected',
      message: 'The connection to the kernel ended before the session answered.',
      hint: 'The panel attaches again by itself; then try once more.'
    });
}
