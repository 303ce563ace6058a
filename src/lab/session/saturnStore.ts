import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import { NotebookCells } from '../notebook/notebookCells.js';
import type { CommMemory } from './commMemory.js';
import type { Incoming } from './messageChannel.js';
import { NotebookLine } from './notebookLine.js';
import { SessionConnection } from './sessionConnection.js';
import { notConnected } from './sessionLine.js';
import { SessionModel } from './sessionModel.js';
import type { ISaturnStore, ISessions } from './tokens.js';

/**
 * The session of the current notebook.
 *
 * Every open notebook keeps its own connection, so that a kernel in the background can open its comm
 * and is attached again after a restart; the view is that of the current one.
 */
export class SaturnStore implements ISaturnStore {
  constructor(options: SaturnStore.IOptions) {
    this._tracker = options.tracker;
    this._memory = options.memory;
    this._sessions = options.sessions;
    this._reattach = options.reattach;
    this._tracker.forEach(panel => {
      this._add(panel);
    });
    this._tracker.widgetAdded.connect(this._onWidgetAdded, this);
    this._tracker.currentChanged.connect(this._refresh, this);
    this._view = this._look();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  get viewAsked(): ISignal<this, string> {
    return this._viewAsked;
  }

  get view(): ISaturnStore.IView {
    return this._view;
  }

  get reattach(): boolean {
    return this._reattach;
  }

  set reattach(value: boolean) {
    this._reattach = value;
    for (const { connection } of this._notebooks.values()) {
      connection.reattach = value;
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  stateOf(panel: NotebookPanel): SessionState | null {
    return this._notebooks.get(panel)?.line.state ?? null;
  }

  async load(): Promise<void> {
    await this._current?.connection.load();
  }

  async attach(): Promise<void> {
    await this._current?.model.attach();
  }

  async send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean> {
    return (await this._current?.model.send(type, body)) ?? false;
  }

  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._current?.model.request(type, body) ?? Promise.reject(notConnected());
  }

  requestOf<T extends keyof ClientMessages>(
    panel: NotebookPanel,
    type: T,
    body: ClientMessages[T]
  ): Promise<Incoming> {
    return this._notebooks.get(panel)?.model.request(type, body) ?? Promise.reject(notConnected());
  }

  async stateAt(time: number): Promise<SessionState | null> {
    return (await this._current?.model.stateAt(time)) ?? null;
  }

  report(failure: Failure): void {
    const model = this._current?.model;
    if (model) {
      model.report(failure);
    } else {
      this._failed.emit(failure);
    }
  }

  dismiss(): void {
    this._current?.model.dismiss();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    for (const panel of [...this._notebooks.keys()]) {
      this._remove(panel);
    }
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private get _current(): Private.IEntry | null {
    const panel = this._tracker.currentWidget;
    return (panel && this._notebooks.get(panel)) ?? null;
  }

  private _onWidgetAdded(_: unknown, panel: NotebookPanel): void {
    this._add(panel);
    this._refresh();
  }

  private _add(panel: NotebookPanel): void {
    if (this._notebooks.has(panel)) {
      return;
    }
    const connection = new SessionConnection({
      sessionContext: panel.sessionContext,
      memory: this._memory,
      reattach: this._reattach
    });
    const line = new NotebookLine({
      kernel: connection,
      path: () => panel.context.localPath,
      sessions: this._sessions
    });
    const model = new SessionModel(line);
    const loan = this._sessions?.lend(connection) ?? null;
    const cells = new NotebookCells(panel.content);
    this._notebooks.set(panel, { connection, line, model, loan, cells });
    model.changed.connect(this._refresh, this);
    model.failed.connect(this._onFailed, this);
    connection.viewAsked.connect(this._onViewAsked, this);
    cells.changed.connect(this._refresh, this);
    panel.disposed.connect(this._remove, this);
  }

  private _remove(panel: NotebookPanel): void {
    const entry = this._notebooks.get(panel);
    this._notebooks.delete(panel);
    panel.disposed.disconnect(this._remove, this);
    entry?.loan?.dispose();
    entry?.model.dispose();
    entry?.line.dispose();
    entry?.connection.dispose();
    entry?.cells.dispose();
    this._refresh();
  }

  private _onFailed(model: SessionModel, failure: Failure): void {
    if (model === this._current?.model) {
      this._failed.emit(failure);
    }
  }

  private _onViewAsked(_: unknown, folder: string): void {
    this._viewAsked.emit(folder);
  }

  private _refresh(): void {
    if (this._isDisposed) {
      return;
    }
    const view = this._look();
    if (!Private.isSame(view, this._view)) {
      this._view = view;
    }
    this._changed.emit();
  }

  private _look(): ISaturnStore.IView {
    const entry = this._current;
    return entry ? { ...entry.model.view, cells: entry.cells.cells } : Private.NO_NOTEBOOK;
  }

  private readonly _tracker: SaturnStore.ITracker;
  private readonly _memory: CommMemory;
  private readonly _sessions: ISessions | null;
  private readonly _notebooks = new Map<NotebookPanel, Private.IEntry>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private readonly _viewAsked = new Signal<this, string>(this);
  private _view: ISaturnStore.IView;
  private _reattach: boolean;
  private _isDisposed = false;
}

export namespace SaturnStore {
  /** What is used of the notebook tracker. */
  export interface ITracker
    extends Pick<INotebookTracker, 'currentWidget' | 'currentChanged' | 'widgetAdded' | 'forEach'> {}

  export interface IOptions {
    tracker: ITracker;
    memory: CommMemory;
    /** Those of the Jupyter server, to which notebooks turn while their kernels are busy or gone. */
    sessions: ISessions | null;
    reattach: boolean;
  }
}

namespace Private {
  export interface IEntry {
    readonly connection: SessionConnection;
    readonly line: NotebookLine;
    readonly model: SessionModel;
    /** What others on the page may use the connection by. */
    readonly loan: IDisposable | null;
    readonly cells: NotebookCells;
  }

  export const NO_NOTEBOOK: ISaturnStore.IView = {
    state: null,
    connectionProblem: { kind: 'no-notebook' },
    connected: false,
    cells: [],
    pending: new Set(),
    failure: null
  };

  /** Whether two pictures are of the same things, so that nobody need draw the second. */
  export const isSame = (a: ISaturnStore.IView, b: ISaturnStore.IView) =>
    (Object.keys(a) as (keyof ISaturnStore.IView)[]).every(key => a[key] === b[key]);
}
