import { Router } from 'zeromq';
import { SaturnError } from '../core/wire/failure.js';
import {
  asMessage,
  type Direction,
  type EngineMessages,
  failureOf,
  isFrom,
  MAX_MESSAGE_BYTES,
  type Message,
  parseText
} from '../core/wire/messages.js';
import type { IDisposable } from './disposable.js';

/** A message as it came in, with the address to answer to. */
export interface IIncoming<D extends Direction> {
  /** Routing id of the sender, as hex. */
  readonly from: string;
  readonly sender: D;
  readonly message: Message<D>;
}

/** Who handles the messages of one kind of sender; a thrown error becomes an `error` reply. */
export type Handler<D extends Direction> = (incoming: IIncoming<D>) => void;

function refuse(incoming: { readonly sender: Direction }): void {
  throw new SaturnError({ code: 'unknown-message', message: `Nobody here listens to a ${incoming.sender}.` });
}

/**
 * Routes messages between the engine, its clients and agents: one ROUTER socket, messages validated on the way in and out.
 * What is malformed, too large or unknown gets an `error` reply and goes no further.
 */
export class MessageRouter implements IDisposable {
  /** Takes what clients say; to be set before {@link bind}. */
  onClient: Handler<'client'> = refuse;
  /** Takes what agents say; to be set before {@link bind}. */
  onAgent: Handler<'agent'> = refuse;
  /** Resolves once what was done so far may be told; to be set before {@link bind}. */
  safe: () => Promise<void> = () => Promise.resolve();
  private readonly _socket = new Router({
    // ZeroMQ drops the connection of who sends more, without a word: whatever memory can take is answered.
    maxMessageSize: 64 * MAX_MESSAGE_BYTES,
    linger: 200,
    mandatory: false,
    // Of states one waits for each client at most: what may queue up are answers.
    sendHighWaterMark: 1000
  });
  private _sending: Promise<void> = Promise.resolve();
  private _id = 0;

  /** Bind to an endpoint and start to receive. */
  async bind(endpoint: string): Promise<void> {
    await this._socket.bind(endpoint);
    void this._receive();
  }

  /**
   * Listen at another endpoint as well, or at the same one again when its file was removed.
   * Who is connected stays so.
   */
  listen(endpoint: string): void {
    this._socket.bindSync(endpoint);
  }

  /** Send a message, and return how long it is; messages to one receiver arrive in the order of these calls. */
  send<T extends keyof EngineMessages>(to: string, type: T, body: EngineMessages[T], re?: string): number {
    this._id += 1;
    const envelope = { v: 1, id: `e${this._id}`, type, body, ...(re === undefined ? {} : { re }) };
    const text = JSON.stringify(asMessage('engine', envelope));
    const frames = [Buffer.from(to, 'hex'), text];
    const safe = this.safe();
    this._sending = this._sending.then(async () => {
      await safe;
      if (!this._socket.closed) {
        // A receiver that is gone or does not read loses messages, never blocks the others.
        await this._socket.send(frames).catch(() => undefined);
      }
    });
    return text.length;
  }

  /** Send what is still to send, and close. */
  async close(): Promise<void> {
    await this._sending;
    this.dispose();
  }

  dispose(): void {
    this._socket.close();
  }

  private async _receive(): Promise<void> {
    for await (const [identity, ...frames] of this._socket) {
      if (identity) {
        this._handle(identity.toString('hex'), frames);
      }
    }
  }

  private _handle(from: string, frames: readonly Buffer[]): void {
    let value: unknown;
    try {
      const [frame] = frames;
      if (!frame || frames.length !== 1) {
        throw new SaturnError({
          code: 'bad-message',
          message: `A message has one frame, not ${frames.length}.`
        });
      }
      value = parseText(frame);
      this._dispatch(from, value);
    } catch (error) {
      this.send(from, 'error', { error: failureOf(error) }, idOf(value));
    }
  }

  /** Types of clients and agents are distinct, so that the type tells who speaks. */
  private _dispatch(from: string, value: unknown): void {
    if (isFrom('agent', value)) {
      this.onAgent({ from, sender: 'agent', message: asMessage('agent', value) });
    } else {
      this.onClient({ from, sender: 'client', message: asMessage('client', value) });
    }
  }
}

/** The id of a message that may be malformed otherwise, to answer it. */
function idOf(value: unknown): string | undefined {
  const { id } = (value ?? {}) as { id?: unknown };
  return typeof id === 'string' && id.length <= 64 ? id : undefined;
}
