import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ReactElement } from 'react';
import { ViewSnapshot } from '../context/viewSnapshot.js';
import type { ISessionModel } from '../session/tokens.js';

/** A widget that shows something of a session. Nothing is drawn while it cannot be seen. */
export abstract class SessionPart<M extends ISessionModel = ISessionModel> extends ReactWidget {
  /** @param clock - seconds since the epoch. */
  constructor(session: M, clock: () => number) {
    super();
    this._snapshot = new ViewSnapshot(session, clock);
  }

  override dispose(): void {
    this._snapshot.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._setShown(this.isVisible);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._setShown(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._setShown(false);
  }

  /** Called when it comes into sight or goes out of it. */
  protected _setShown(isShown: boolean): void {
    this._snapshot.isShown = isShown;
  }

  protected abstract override render(): ReactElement;

  protected readonly _snapshot: ViewSnapshot<M>;
}
