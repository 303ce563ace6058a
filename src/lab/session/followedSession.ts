import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { failureOf } from '../../core/wire/failure.js';
import { wholeState } from '../../core/wire/judged.js';
import type { Failure, KernelStatus, SessionState } from '../../core/wire/messages.js';
import { VERSION } from '../extension.js';
import type { ConnectionProblem } from './connectionProblem.js';
import { FollowedState } from './followedState.js';
import type { Incoming, MessageChannel } from './messageChannel.js';

/** A session as it is told on a channel: greeted, attached when asked, its state followed from one change to the next. */
export class FollowedSession implements IDisposable {
  constructor(private readonly _options: FollowedSession.IOptions) {}

  /** Emitted when `state` or `phase` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Troubles that belong to no request. */
  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  /** Somebody asks, in a cell, for the session of a folder to be shown in a tab. */
  get viewAsked(): ISignal<this, string> {
    return this._viewAsked;
  }

  /** Newest state of the session, or null when there never was one. */
  get state(): SessionState | null {
    return this._followed.value;
  }

  /** What is in the way of a live state; null when nothing is. */
  get phase(): ConnectionProblem | null {
    return this._phase;
  }

  /** Tells phases apart, and with them late answers to earlier questions. */
  get turn(): number {
    return this._turn;
  }

  /** Whether the session was seen before: then it is to be seen again. */
  isWanted = false;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Move to a phase; returns its turn. */
  enter(phase: ConnectionProblem | null, turn = this._turn + 1): number {
    this._turn = turn;
    this._phase = phase;
    this._changed.emit();
    return turn;
  }

  /** Hear what is said on a channel, as long as that is the one that counts. */
  listen(channel: MessageChannel): void {
    this._followed.giveUp();
    channel.pushed.connect(this._take, this);
    channel.malformed.connect((_, failure) => this._onMalformed(failure));
  }

  /** Say who is here; the whole state comes of it. */
  async greet(channel: MessageChannel): Promise<void> {
    try {
      // A browser has no process id.
      this._take(channel, await channel.request('hello', { pid: 0, version: VERSION }));
    } catch (error) {
      if (this._isCurrent(channel)) {
        this._followed.giveUp();
        this.enter({ kind: 'failed', failure: failureOf(error), retry: 'attach' });
      }
    }
  }

  /** Have the session started when it does not run. */
  async attach(): Promise<void> {
    const channel = this._options.channel();
    if (!channel) {
      return;
    }
    const turn = this.enter({ kind: 'attaching' });
    try {
      this._take(channel, await channel.request('attach', {}));
    } catch (error) {
      if (this._turn === turn) {
        this.enter({ kind: 'failed', failure: failureOf(error), retry: 'attach' });
      }
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._turn++;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _take(channel: MessageChannel, message: Incoming): void {
    if (!this._isCurrent(channel)) {
      return;
    }
    switch (message.type) {
      case 'kernel.status':
        this._onStatus(message.body);
        break;
      case 'kernel.view':
        this._viewAsked.emit(message.body.folder);
        break;
      case 'state':
        this._followed.take(wholeState(message.body));
        this._goLive(channel);
        break;
      case 'change':
        if (this._followed.follow(message.body)) {
          this._goLive(channel);
        }
        break;
      case 'error':
        this._failed.emit(message.body.error);
        break;
    }
  }

  private _goLive(channel: MessageChannel): void {
    this.isWanted = true;
    const { state } = this;
    if (this._options.acknowledges && state) {
      channel.tell('state.taken', { rev: state.rev });
    }
    this._options.onLive?.();
    this.enter(null);
  }

  private _onStatus(status: KernelStatus): void {
    if (status.error) {
      this.enter(this._options.problemOf(status.error));
    } else if (!status.attached) {
      this._options.onDetached(status);
    } else if (this._phase !== null) {
      this.isWanted = true;
      this.enter({ kind: 'waiting' });
    }
  }

  /** What cannot be read may be the state that is waited for: another would be as little, until somebody asks anew. */
  private _onMalformed(failure: Failure): void {
    this._failed.emit(failure);
    if (this._phase?.kind === 'waiting') {
      this.enter({ kind: 'failed', failure, retry: 'attach' });
    }
  }

  private _isCurrent(channel: MessageChannel): boolean {
    return !this._isDisposed && this._options.channel() === channel;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private readonly _viewAsked = new Signal<this, string>(this);
  private readonly _followed = new FollowedState(() => {
    const channel = this._options.channel();
    if (channel) {
      void this.greet(channel);
    }
  });
  private _phase: ConnectionProblem | null = null;
  private _turn = 0;
  private _isDisposed = false;
}

export namespace FollowedSession {
  export interface IOptions {
    /** The channel that counts now; what is heard on others is of the past. */
    readonly channel: () => MessageChannel | null;
    /** Whether who tells states waits to hear that they were taken in. */
    readonly acknowledges: boolean;
    /** What a failure means that comes with a status. */
    readonly problemOf: (failure: Failure) => ConnectionProblem;
    /** Nobody is attached to the session, and nothing went wrong. */
    readonly onDetached: (status: KernelStatus) => void;
    /** A state has come. */
    readonly onLive?: () => void;
  }
}
