import { setTimeout as sleep } from 'node:timers/promises';
import { Dealer } from 'zeromq';
import { wholeState } from '../../../src/core/wire/judged.js';
import {
  type EngineMessages,
  type Envelope,
  type Message,
  parseMessage,
  type SessionState
} from '../../../src/core/wire/messages.js';
import { withChange } from '../../../src/core/wire/stateChange.js';
import { cpuNode } from '../session/sessionHarness.js';

/** A client or agent on a real socket: asks, and remembers all it was told. */
export class FakePeer {
  readonly heard: Message<'engine'>[] = [];
  /** Its copy of the session's state, as a client that follows what changes has it. */
  copy: SessionState | null = null;
  private readonly _socket = new Dealer({ linger: 0 });
  private _waiting: (() => void)[] = [];
  private _id = 0;

  /** @param pace - milliseconds that it takes to read a message. */
  constructor(
    endpoint: string,
    private readonly _pace = 0
  ) {
    this._socket.connect(endpoint);
    void this._listen();
  }

  /** Send a message as it is. */
  async raw(...frames: (string | Buffer)[]): Promise<void> {
    await this._socket.send(frames);
  }

  /** Send a message; resolves to its id. */
  async send(type: string, body: object = {}): Promise<string> {
    this._id += 1;
    const envelope: Envelope = { v: 1, id: `p${this._id}`, type, body: body as Envelope['body'] };
    await this.raw(JSON.stringify(envelope));
    return envelope.id;
  }

  /** Send a message and wait for its reply. */
  async ask(type: string, body: object = {}): Promise<Message<'engine'>> {
    const id = await this.send(type, body);
    return this.until(message => message.re === id);
  }

  /** Wait for a message that was, or will be, heard. */
  async until(wanted: (message: Message<'engine'>) => boolean): Promise<Message<'engine'>> {
    for (;;) {
      const found = this.heard.find(wanted);
      if (found) {
        return found;
      }
      await new Promise<void>(resolve => this._waiting.push(resolve));
    }
  }

  /** Wait for a message of one type, and take it out of what was heard. */
  async next<T extends keyof EngineMessages>(type: T): Promise<EngineMessages[T]> {
    const message = await this.until(m => m.type === type);
    this.heard.splice(this.heard.indexOf(message), 1);
    return message.body as EngineMessages[T];
  }

  /** Wait until its copy of the state is, or becomes, as wanted. */
  async sees(wanted: (state: SessionState) => boolean): Promise<SessionState> {
    for (;;) {
      if (this.copy && wanted(this.copy)) {
        return this.copy;
      }
      await new Promise<void>(resolve => this._waiting.push(resolve));
    }
  }

  /** Say hello as the agent of a node with two devices. */
  async enrol(node = cpuNode(2)): Promise<this> {
    await this.ask('agent.hello', { node, groups: [], trials: [], inspecting: [] });
    return this;
  }

  /** The session's state as the engine has it now. */
  async state(): Promise<SessionState> {
    const reply = await this.ask('state');
    if (reply.type !== 'state') {
      throw new Error(`the engine answers ${JSON.stringify(reply.body)}`);
    }
    return wholeState(reply.body);
  }

  close(): void {
    this._socket.close();
  }

  private async _listen(): Promise<void> {
    for await (const [frame] of this._socket) {
      if (this._pace > 0) {
        await sleep(this._pace);
      }
      if (this._socket.closed) {
        return; // between the coming of a message and its turn
      }
      const message = parseMessage('engine', frame!);
      this.heard.push(message);
      await this._take(message);
      for (const resolve of this._waiting.splice(0)) {
        resolve();
      }
    }
  }

  private async _take(message: Message<'engine'>): Promise<void> {
    if (message.type === 'state') {
      this.copy = wholeState(message.body);
    } else if (message.type === 'change') {
      this.copy = withChange(this.copy!, message.body);
    } else {
      return;
    }
    await this.send('state.taken', { rev: this.copy.rev });
  }
}
