import { type ISignal, Signal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionState } from '../../src/core/wire/messages.js';
import type { Incoming } from '../../src/lab/session/messageChannel.js';
import type { ISaturnStore } from '../../src/lab/session/tokens.js';

/** A store whose view the test sets. */
export class FakeStore implements ISaturnStore {
  readonly changed: ISignal<this, void> & { emit(): void } = new Signal<this, void>(this);
  readonly failed = new Signal<this, Failure>(this);
  readonly viewAsked = new Signal<this, string>(this);
  readonly did: string[] = [];
  /** Bodies of messages by their type, in the order in which they were sent. */
  readonly sent: [keyof ClientMessages, unknown][] = [];
  /** Whether the engine accepts what it is asked. */
  accepts = true;
  /** What the session was at any time. */
  past: SessionState | null = null;
  reattach = true;
  isDisposed = false;
  view: ISaturnStore.IView = {
    state: null,
    connectionProblem: null,
    connected: true,
    cells: [],
    pending: new Set(),
    failure: null
  };

  set(part: Partial<ISaturnStore.IView>): void {
    this.view = { ...this.view, ...part };
    this.changed.emit();
  }

  stateOf(): SessionState | null {
    return this.view.state;
  }

  async load(): Promise<void> {
    this.did.push('load');
  }

  async attach(): Promise<void> {
    this.did.push('attach');
  }

  async send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean> {
    this.did.push(type);
    this.sent.push([type, body]);
    return this.accepts;
  }

  /** What the engine answers to questions. */
  answer: (type: keyof ClientMessages, body: unknown) => Incoming = () => {
    throw new Error('Nothing is to be asked.');
  };

  async request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    this.sent.push([type, body]);
    return this.answer(type, body);
  }

  requestOf<T extends keyof ClientMessages>(_: unknown, type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this.request(type, body);
  }

  async stateAt(time: number): Promise<SessionState | null> {
    this.sent.push(['state.at', { time }]);
    return this.past;
  }

  report(failure: Failure): void {
    this.set({ failure });
  }

  dismiss(): void {
    this.set({ failure: null });
  }

  dispose(): void {
    this.isDisposed = true;
  }
}
