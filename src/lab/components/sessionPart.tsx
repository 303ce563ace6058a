import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ReactElement } from 'react';
import { ViewSnapshot } from '../context/viewSnapshot.js';
import { Visibility } from '../context/visibility.js';
import type { ISessionModel } from '../session/tokens.js';

/** A widget that shows something of a session. Nothing is drawn while it, or the page, cannot be seen. */
export abstract class SessionPart<M extends ISessionModel = ISessionModel> extends ReactWidget {
  /** @param clock - seconds since the epoch. */
  constructor(session: M, clock: () => number) {
    super();
    this._snapshot = new ViewSnapshot(session, clock);
    this._visibility.changed.connect(({ isVisible }) => this._setShown(isVisible));
  }

  override dispose(): void {
    this._visibility.dispose();
    this._snapshot.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._visibility.isShown = this.isVisible;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._visibility.isShown = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._visibility.isShown = false;
  }

  /** Called when it comes into sight or goes out of it. */
  protected _setShown(isShown: boolean): void {
    this._snapshot.isShown = isShown;
  }

  protected abstract override render(): ReactElement;

  protected readonly _visibility = new Visibility();
  protected readonly _snapshot: ViewSnapshot<M>;
}
