import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** Whether somebody can see a widget: it is shown, and so is the page. */
export class Visibility implements IDisposable {
  constructor() {
    document.addEventListener('visibilitychange', this._refresh);
  }

  /** Emitted after `isVisible` has become another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isVisible(): boolean {
    return this._isVisible;
  }

  /** Whether the widget is shown in the page. */
  set isShown(value: boolean) {
    this._isShown = value;
    this._refresh();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._refresh);
    Signal.clearData(this);
  }

  private readonly _refresh = (): void => {
    const isVisible = this._isShown && document.visibilityState !== 'hidden';
    if (isVisible !== this._isVisible) {
      this._isVisible = isVisible;
      this._changed.emit();
    }
  };

  private readonly _changed = new Signal<this, void>(this);
  private _isShown = false;
  private _isVisible = false;
  private _isDisposed = false;
}
