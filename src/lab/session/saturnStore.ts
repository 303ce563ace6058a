import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';
import { type ClientMessages, type Failure, failureOf, type SessionState } from '../../core/wire/messages.js';
import { NotebookCells } from '../notebook/notebookCells.js';
import type { Incoming } from './commChannel.js';
import type { CommMemory } from './commMemory.js';
import { notConnected, SessionConnection } from './sessionConnection.js';
import type { ISaturnStore } from './tokens.js';

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
    return this._notebooks.get(panel)?.connection.state ?? null;
  }

  async load(): Promise<void> {
    await this._current?.connection.load();
  }

  async attach(): Promise<void> {
    await this._current?.connection.attach();
  }

  async send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean> {
    const entry = this._current;
    if (!entry || entry.pending.has(type)) {
      return false;
    }
    entry.pending = new Set(entry.pending).add(type);
    this.dismiss();
    try {
      await entry.connection.request(type, body);
      return true;
    } catch (error) {
      this.report(failureOf(error));
      return false;
    } finally {
      entry.pending = new Set([...entry.pending].filter(other => other !== type));
      this._refresh();
    }
  }

  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._current?.connection.request(type, body) ?? Promise.reject(notConnected());
  }

  async stateAt(time: number): Promise<SessionState | null> {
    this.dismiss();
    try {
      const answer = await this._current?.connection.request('state.at', { time });
      return answer?.type === 'state.was' ? answer.body.state : null;
    } catch (error) {
      this.report(failureOf(error));
      return null;
    }
  }

  report(failure: Failure): void {
    this._failure = failure;
    this._refresh();
    this._failed.emit(failure);
  }

  dismiss(): void {
    this._failure = null;
    this._refresh();
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
    const cells = new NotebookCells(panel.content);
    this._notebooks.set(panel, { connection, cells, pending: new Set() });
    connection.changed.connect(this._refresh, this);
    connection.failed.connect(this._onFailed, this);
    cells.changed.connect(this._refresh, this);
    panel.disposed.connect(this._remove, this);
  }

  private _remove(panel: NotebookPanel): void {
    const entry = this._notebooks.get(panel);
    this._notebooks.delete(panel);
    panel.disposed.disconnect(this._remove, this);
    entry?.connection.dispose();
    entry?.cells.dispose();
    this._refresh();
  }

  private _onFailed(connection: SessionConnection, failure: Failure): void {
    if (connection === this._current?.connection) {
      this.report(failure);
    }
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
    return {
      state: entry?.connection.state ?? null,
      connectionProblem: entry ? entry.connection.problem : Private.NO_NOTEBOOK,
      connected: entry?.connection.connected ?? false,
      cells: entry?.cells.cells ?? Private.NO_CELLS,
      pending: entry?.pending ?? Private.NONE,
      failure: this._failure
    };
  }

  private readonly _tracker: SaturnStore.ITracker;
  private readonly _memory: CommMemory;
  private readonly _notebooks = new Map<NotebookPanel, Private.IEntry>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _view: ISaturnStore.IView;
  private _reattach: boolean;
  private _failure: Failure | null = null;
  private _isDisposed = false;
}

export namespace SaturnStore {
  /** What is used of the notebook tracker. */
  export interface ITracker
    extends Pick<INotebookTracker, 'currentWidget' | 'currentChanged' | 'widgetAdded' | 'forEach'> {}

  export interface IOptions {
    tracker: ITracker;
    memory: CommMemory;
    reattach: boolean;
  }
}

namespace Private {
  export interface IEntry {
    readonly connection: SessionConnection;
    readonly cells: NotebookCells;
    pending: ReadonlySet<keyof ClientMessages>;
  }

  export const NO_NOTEBOOK = { kind: 'no-notebook' } as const;
  export const NO_CELLS: ISaturnStore.IView['cells'] = [];
  export const NONE: ISaturnStore.IView['pending'] = new Set();

  /** Whether two pictures are of the same things, so that nobody need draw the second. */
  export const isSame = (a: ISaturnStore.IView, b: ISaturnStore.IView) =>
    (Object.keys(a) as (keyof ISaturnStore.IView)[]).every(key => a[key] === b[key]);
}
