import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { CommChannel } from './commChannel.js';
import type { CommMemory } from './commMemory.js';
import { livingComm, subshellOf } from './kernelCalls.js';
import { COMM_TARGET } from './tokens.js';

/**
 * Holds the one comm that a kernel and the front end talk on: the one that the kernel opens, that lives
 * in it already, or that this tab used before it was reloaded.
 */
export class KernelComm implements IDisposable {
  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private readonly _memory: CommMemory
  ) {
    kernel.registerCommTarget(COMM_TARGET, this._take);
  }

  /** Emitted when another comm was taken up, before anything is heard on it. */
  get opened(): ISignal<this, CommChannel> {
    return this._opened;
  }

  /** Emitted when something may be said on the comm without waiting behind the cells that run. */
  get ready(): ISignal<this, CommChannel> {
    return this._ready;
  }

  /** Emitted when the kernel closed the comm. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  get channel(): CommChannel | null {
    return this._channel;
  }

  /** Whether what is said on the comm never waits behind the cells that run. */
  get isPrompt(): boolean {
    return this._isPrompt;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Take up the comm that this tab used with this kernel before.
   *
   * @returns whether there was one; whether it lives, only the kernel can tell.
   */
  recall(): boolean {
    const id = this._memory.recall(this.kernel.id);
    if (id === null || this.kernel.hasComm(id)) {
      return false;
    }
    this._take(this.kernel.createComm(COMM_TARGET, id));
    return true;
  }

  /**
   * Ask the kernel for its living comm and take it up in place of any other.
   *
   * @param isWanted - asked when the kernel has answered.
   */
  async look(isWanted: () => boolean): Promise<void> {
    const id = await livingComm(this.kernel);
    if (this._isDisposed || !isWanted()) {
      return;
    }
    if (this._channel?.id !== id) {
      this._drop();
    }
    if (id !== null && !this._channel && !this.kernel.hasComm(id)) {
      this._take(this.kernel.createComm(COMM_TARGET, id));
    }
  }

  /** Let go of the comm, which ended with the kernel's process. */
  forget(): void {
    this._drop();
    this._memory.forget(this.kernel.id);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._drop();
    if (!this.kernel.isDisposed) {
      this.kernel.removeCommTarget(COMM_TARGET, this._take);
    }
    Signal.clearData(this);
  }

  private readonly _take = (comm: Kernel.IComm): void => {
    this._drop();
    const channel = new CommChannel(comm);
    this._channel = channel;
    channel.closed.connect(this._onClosed, this);
    this._memory.remember(this.kernel.id, channel.id);
    this._opened.emit(channel);
    void subshellOf(comm, this.kernel).then(isPrompt => {
      if (this._channel === channel) {
        this._isPrompt = isPrompt;
        this._ready.emit(channel);
      }
    });
  };

  private _onClosed(): void {
    this.forget();
    this._closed.emit();
  }

  private _drop(): void {
    this._channel?.dispose();
    this._channel = null;
    this._isPrompt = false;
  }

  private readonly _opened = new Signal<this, CommChannel>(this);
  private readonly _ready = new Signal<this, CommChannel>(this);
  private readonly _closed = new Signal<this, void>(this);
  private _channel: CommChannel | null = null;
  private _isPrompt = false;
  private _isDisposed = false;
}
