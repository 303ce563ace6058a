import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

/** So long a kernel is at work before that counts, in milliseconds: most of what it is asked takes a moment. */
const MOMENT = 1500;

/** Whether a kernel runs a cell, for longer than a moment; one of which nothing is known yet counts as such. */
export class KernelWork implements IDisposable {
  /** @param onBusy - called when it has been at work for longer than a moment. */
  constructor(private readonly _onBusy: () => void) {}

  get isBusy(): boolean {
    return this._isBusy;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Begin with a kernel of which no more than its status is known. */
  begin(status: Kernel.Status): void {
    clearTimeout(this._timer);
    this._isBusy = status !== 'idle';
  }

  /** The kernel has begun or ended something. */
  take(status: 'idle' | 'busy'): void {
    this.begin(status === 'idle' || !this._isBusy ? 'idle' : 'busy');
    if (status === 'busy' && !this._isBusy) {
      this._timer = setTimeout(() => {
        this._isBusy = true;
        this._onBusy();
      }, MOMENT);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isBusy = false;
  private _isDisposed = false;
}
