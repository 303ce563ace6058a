import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { failureOf, SaturnError } from '../../core/wire/failure.js';
import type { ClientMessages, Failure, Message } from '../../core/wire/messages.js';
import { WIRE_VERSION } from '../../core/wire/version.js';
import { loadMessageChecks, type MessageChecks, messageChecks } from './messageChecks.js';
import { yieldToPage } from './yieldToPage.js';

/** What may arrive: the engine's words, relayed, and the relay's own. */
export type Incoming = Message<'engine'> | Message<'kernel'>;

/** Wire messages to and from a session: validated both ways, replies matched to requests by id. */
export abstract class MessageChannel implements IDisposable {
  /** Messages nobody asked for, such as a pushed state. */
  get pushed(): ISignal<this, Incoming> {
    return this._pushed;
  }

  /** A message that could not be understood. */
  get malformed(): ISignal<this, Failure> {
    return this._malformed;
  }

  /** The other end closed the channel. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Send a message and wait for the reply to it.
   *
   * @throws SaturnError what an `error` reply carries; `disconnected` when the channel ends first.
   */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    const id = UUID.uuid4();
    return new Promise((resolve, reject) => {
      if (this._isDisposed || !this._isOpen) {
        reject(Private.disconnected());
        return;
      }
      this._waiting.set(id, { resolve, reject });
      this._transmit({ v: WIRE_VERSION, id, type, body });
    });
  }

  /** Send a message that nobody answers. */
  tell<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): void {
    if (!this._isDisposed && this._isOpen) {
      this._transmit({ v: WIRE_VERSION, id: UUID.uuid4(), type, body });
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._release();
    for (const { reject } of this._waiting.values()) {
      reject(Private.disconnected());
    }
    this._waiting.clear();
    Signal.clearData(this);
  }

  /** Whether anything can be sent. */
  protected abstract get _isOpen(): boolean;

  protected abstract _transmit(envelope: object): void;

  /** Listen to the other end no more. */
  protected abstract _release(): void;

  /** The other end closed the channel. */
  protected _end(): void {
    this._closed.emit();
    this.dispose();
  }

  /** Take what has come; the first of it once the checks are there. */
  protected _receive(data: unknown): void {
    const checks = messageChecks();
    if (checks && this._early.length === 0 && !Private.isLarge(data)) {
      this._check(data, checks);
      return;
    }
    this._early.push(data);
    if (this._early.length === 1) {
      void this._takeEarly();
    }
  }

  private async _takeEarly(): Promise<void> {
    try {
      const checks = await loadMessageChecks();
      while (this._early.length > 0 && !this._isDisposed) {
        const [data] = this._early;
        if (Private.isLarge(data)) {
          await this._checkInParts(data, checks);
        } else {
          this._check(data, checks);
        }
        this._early.shift();
      }
    } catch (error) {
      this._early.length = 0;
      this._malformed.emit(failureOf(error));
    }
  }

  private _check(data: unknown, checks: MessageChecks): void {
    const message = this._checked(data, checks);
    if (message) {
      this._deliver(message);
    }
  }

  /** As `_check`; the page answers before, after and in between. */
  private async _checkInParts(data: unknown, checks: MessageChecks): Promise<void> {
    await yieldToPage();
    const message = this._isDisposed ? null : this._checked(data, checks);
    await yieldToPage();
    if (message && !this._isDisposed) {
      this._deliver(message);
    }
  }

  private _checked(data: unknown, { asMessage }: MessageChecks): Incoming | null {
    try {
      const type = (data as { type?: unknown } | null)?.type;
      const isOfKernel = typeof type === 'string' && type.startsWith('kernel.');
      return isOfKernel ? asMessage('kernel', data) : asMessage('engine', data);
    } catch (error) {
      this._malformed.emit(failureOf(error));
      return null;
    }
  }

  private _deliver(message: Incoming): void {
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

  /** What came before it could be checked, or while something large is taken in. */
  private readonly _early: unknown[] = [];
  private readonly _waiting = new Map<string, Private.IWaiting>();
  private readonly _pushed = new Signal<this, Incoming>(this);
  private readonly _malformed = new Signal<this, Failure>(this);
  private readonly _closed = new Signal<this, void>(this);
  private _isDisposed = false;
}

namespace Private {
  /** Of so many tasks a state takes so long to check, and to be drawn, that the page is to answer in between. */
  const MANY_TASKS = 100;

  /** Whether something that has come is the whole state of a large session. */
  export const isLarge = (data: unknown): boolean => {
    const { type, body } = (data ?? {}) as { type?: unknown; body?: { state?: { tasks?: unknown } } };
    const tasks = type === 'state' ? body?.state?.tasks : undefined;
    return Array.isArray(tasks) && tasks.length > MANY_TASKS;
  };

  export interface IWaiting {
    resolve: (message: Incoming) => void;
    reject: (error: SaturnError) => void;
  }

  export const disconnected = () =>
    new SaturnError({
      code: 'disconnected',
      message: 'The connection to the session ended before it answered.',
      hint: 'It is made again by itself; then try once more.'
    });
}
