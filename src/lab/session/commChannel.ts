import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { MessageChannel } from './messageChannel.js';

/** Wire messages over one kernel comm. */
export class CommChannel extends MessageChannel {
  constructor(comm: Kernel.IComm) {
    super();
    this._comm = comm;
    comm.onMsg = message => this._receive(message.content.data);
    comm.onClose = () => this._end();
  }

  get id(): string {
    return this._comm.commId;
  }

  protected override get _isOpen(): boolean {
    return !this._comm.isDisposed;
  }

  protected override _transmit(envelope: object): void {
    this._comm.send(envelope as JSONObject);
  }

  protected override _release(): void {
    // The comm stays open: the kernel owns it, and the next page finds it again.
    this._comm.onMsg = () => undefined;
    this._comm.onClose = () => undefined;
  }

  private readonly _comm: Kernel.IComm;
}
