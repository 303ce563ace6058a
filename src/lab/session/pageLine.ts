import { type ISignal, Signal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import type { ConnectionProblem } from './connectionProblem.js';
import type { LentLines } from './lentLines.js';
import type { Incoming } from './messageChannel.js';
import { type ISessionLine, notConnected } from './sessionLine.js';

/**
 * The way to a session of the Jupyter server: a line that somebody on the page has to it already, while that is live; else one
 * of its own through the server. So a page with panel and dashboard is told everything once.
 */
export class PageLine implements ISessionLine {
  constructor(private readonly _options: PageLine.IOptions) {
    _options.lent.changed.connect(this._choose, this);
    _options.listed.connect(this._choose, this);
    this._choose();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  get state(): SessionState | null {
    return this._last;
  }

  get problem(): ConnectionProblem | null {
    return this._way?.line.problem ?? null;
  }

  get connected(): boolean {
    return this._way?.line.connected ?? false;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  async attach(): Promise<void> {
    await this._way?.line.attach();
  }

  async request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    const way = this._way;
    if (!way) {
      throw notConnected();
    }
    way.asked++;
    try {
      return await way.line.request(type, body);
    } finally {
      way.asked--;
      this._giveUp(way);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._leave();
    for (const way of this._left) {
      this._giveUp(way);
    }
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _choose(): void {
    const folder = this._options.folder();
    const lent = folder === undefined ? null : this._options.lent.find(folder);
    if (this._isDisposed || (lent ? this._way?.line === lent : this._way?.isOwn)) {
      return;
    }
    this._leave();
    this._way = { line: lent ?? this._options.make(), isOwn: lent === null, asked: 0 };
    this._way.line.changed.connect(this._onChanged, this);
    this._way.line.failed.connect(this._onFailed, this);
    this._remember();
    this._changed.emit();
  }

  /** A lent line may lead elsewhere before it is left. */
  private _remember(): void {
    const state = this._way?.line.state ?? null;
    if (state && (this._way?.isOwn || state.folder === this._options.folder())) {
      this._last = state;
    }
  }

  private _leave(): void {
    const way = this._way;
    this._way = null;
    if (way) {
      way.line.changed.disconnect(this._onChanged, this);
      way.line.failed.disconnect(this._onFailed, this);
      if (way.isOwn) {
        this._left.add(way);
        this._giveUp(way);
      }
    }
  }

  /** End a line of its own that was left, once what was asked on it is answered: it was done, and is not to be asked twice. */
  private _giveUp(way: Private.IWay): void {
    if (this._left.has(way) && (way.asked === 0 || this._isDisposed)) {
      this._left.delete(way);
      way.line.dispose();
    }
  }

  private _onChanged(): void {
    this._remember();
    this._changed.emit();
  }

  private _onFailed(_: ISessionLine, failure: Failure): void {
    this._failed.emit(failure);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _way: Private.IWay | null = null;
  /** Lines of its own on which answers are waited for still. */
  private readonly _left = new Set<Private.IWay>();
  /** Newest state of the session, by whatever way it came. */
  private _last: SessionState | null = null;
  private _isDisposed = false;
}

export namespace PageLine {
  export interface IOptions {
    readonly lent: LentLines;
    /** Folder of the session; undefined while it is not known. */
    readonly folder: () => string | undefined;
    /** Emitted when the folder may have become known. */
    readonly listed: ISignal<unknown, void>;
    /** Makes a line through the Jupyter server. */
    readonly make: () => ISessionLine;
  }
}

namespace Private {
  /** A line that is, or was, used. */
  export interface IWay {
    readonly line: ISessionLine;
    /** Whether it was made here. */
    readonly isOwn: boolean;
    /** So many answers are waited for on it. */
    asked: number;
  }
}
