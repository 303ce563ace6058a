import { ActivityMonitor } from '@jupyterlab/coreutils';
import type { INotebookModel, Notebook } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { type ITaskCell, parseTaskCell } from './taskCells.js';

/** How long typing must pause before cells are read again, in milliseconds. */
const PAUSE = 300;

/** The task cells of a notebook, read again whenever its text settles. */
export class NotebookCells implements IDisposable {
  constructor(notebook: NotebookCells.INotebook) {
    this._notebook = notebook;
    notebook.modelChanged.connect(this._onModelChanged, this);
    this._onModelChanged();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Task cells in the order of the notebook. */
  get cells(): readonly ITaskCell[] {
    return this._cells;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._monitor?.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onModelChanged(): void {
    this._monitor?.dispose();
    this._monitor = null;
    const model = this._notebook.model;
    if (model) {
      this._monitor = new ActivityMonitor({ signal: model.contentChanged, timeout: PAUSE });
      this._monitor.activityStopped.connect(this._read, this);
    }
    this._read();
  }

  private _read(): void {
    const cells: ITaskCell[] = [];
    for (const cell of this._notebook.model?.cells ?? []) {
      const found = cell.type === 'code' ? parseTaskCell(cell.id, cell.sharedModel.getSource()) : null;
      if (found) {
        cells.push(found);
      }
    }
    const same =
      cells.length === this._cells.length &&
      cells.every((cell, i) => cell.id === this._cells[i]?.id && cell.source === this._cells[i]?.source);
    if (!same) {
      this._cells = cells;
      this._changed.emit();
    }
  }

  private readonly _notebook: NotebookCells.INotebook;
  private readonly _changed = new Signal<this, void>(this);
  private _monitor: ActivityMonitor<INotebookModel, void> | null = null;
  private _cells: readonly ITaskCell[] = [];
  private _isDisposed = false;
}

export namespace NotebookCells {
  /** What is read of a notebook. */
  export interface INotebook extends Pick<Notebook, 'model' | 'modelChanged'> {}
}
