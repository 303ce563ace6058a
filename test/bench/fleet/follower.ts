import { Dealer } from 'zeromq';
import { wholeState } from '../../../src/core/wire/judged.js';
import type { Envelope, Message, SessionState } from '../../../src/core/wire/messages.js';
import { withChange } from '../../../src/core/wire/stateChange.js';

/** A client that follows the session as a kernel does, and counts what it is told. */
export class Follower {
  /** Bytes of states and changes, and how many those were. */
  readonly told = { bytes: 0, messages: 0 };
  private readonly _socket = new Dealer({ linger: 0 });
  private readonly _replies = new Map<string, (message: Message<'engine'>) => void>();
  private readonly _listeners = new Set<(state: SessionState) => void>();
  private readonly _ping: NodeJS.Timeout;
  private _state: SessionState | null = null;
  private _id = 0;

  constructor(endpoint: string, version: string) {
    this._socket.connect(endpoint);
    void this._listen();
    void this.ask('hello', { pid: process.pid, version });
    this._ping = setInterval(() => void this.ask('ping', {}), 5000);
  }

  /** The state as it is known here. */
  get state(): SessionState | null {
    return this._state;
  }

  /**
   * Send a message and wait for its answer.
   *
   * @throws Error what the engine has against it.
   */
  async ask(type: string, body: object): Promise<Message<'engine'>> {
    this._id += 1;
    const envelope: Envelope = { v: 1, id: `c${this._id}`, type, body: body as Envelope['body'] };
    const answered = new Promise<Message<'engine'>>(resolve => this._replies.set(envelope.id, resolve));
    await this._socket.send(JSON.stringify(envelope));
    const answer = await answered;
    if (answer.type === 'error') {
      throw new Error(answer.body.error.message);
    }
    return answer;
  }

  /** Wait for a state. */
  until(isReached: (state: SessionState) => boolean): Promise<SessionState> {
    return new Promise(resolve => {
      const look = (state: SessionState): void => {
        if (isReached(state)) {
          this._listeners.delete(look);
          resolve(state);
        }
      };
      this._listeners.add(look);
      if (this._state) {
        look(this._state);
      }
    });
  }

  close(): void {
    clearInterval(this._ping);
    this._socket.close();
  }

  private async _listen(): Promise<void> {
    for await (const [frame] of this._socket) {
      const message = JSON.parse(frame!.toString()) as Message<'engine'>;
      if (message.type === 'state' || message.type === 'change') {
        this.told.bytes += frame!.length;
        this.told.messages += 1;
        this._state =
          message.type === 'state' ? wholeState(message.body) : withChange(this._state!, message.body);
        this._id += 1;
        const { rev } = this._state;
        await this._socket.send(
          JSON.stringify({ v: 1, id: `c${this._id}`, type: 'state.taken', body: { rev } })
        );
        for (const listener of [...this._listeners]) {
          listener(this._state);
        }
      }
      if (message.re !== undefined) {
        this._replies.get(message.re)?.(message);
        this._replies.delete(message.re);
      }
    }
  }
}
