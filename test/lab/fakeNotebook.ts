import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { SaturnStore } from '../../src/lab/session/saturnStore.js';
import { FakeContext, type FakeKernel } from './fakeKernel.js';

/** A notebook panel with a fake kernel; only what the extension uses of it. */
export class FakePanel {
  constructor(kernel: FakeKernel | null, sources: string[] = []) {
    this.sessionContext = new FakeContext(kernel);
    for (const [i, source] of sources.entries()) {
      this.content.model.cells.push(new FakeCell(`cell-${i}`, source));
    }
  }

  readonly sessionContext: FakeContext;
  readonly disposed = new Signal<this, void>(this);
  readonly content = new FakeNotebook();
  readonly context = { localPath: 'vision/sweep.ipynb' };

  get asPanel(): NotebookPanel {
    return this as unknown as NotebookPanel;
  }

  close(): void {
    this.disposed.emit();
    Signal.clearData(this);
  }
}

/** A cell's model. */
class FakeCell {
  constructor(
    readonly id: string,
    source: string,
    readonly type = 'code'
  ) {
    this.sharedModel = { getSource: () => source };
  }

  readonly sharedModel: { getSource: () => string };
}

/** A notebook's model: its cells, and word of each change. */
class FakeModel {
  readonly cells: FakeCell[] = [];
  readonly contentChanged = new Signal<this, void>(this);
  readonly sharedModel = {
    insertCell: (index: number, { cell_type, source }: { cell_type: string; source: string }) => {
      this.cells.splice(index, 0, new FakeCell(`new-${this.cells.length}`, source, cell_type));
      this.contentChanged.emit();
    }
  };
}

/** The notebook within the panel. */
class FakeNotebook {
  readonly model = new FakeModel();
  readonly modelChanged = new Signal<this, void>(this);
  activeCellIndex = 0;
  mode = 'command';
  deselected = 0;
  scrolledTo: number[] = [];

  get widgets() {
    return [...this.model.cells].map(model => ({ model }));
  }

  deselectAll(): void {
    this.deselected++;
  }

  scrollToItem(index: number): Promise<void> {
    this.scrolledTo.push(index);
    return Promise.resolve();
  }
}

/** A notebook tracker over fake panels. */
export class FakeTracker {
  readonly currentChanged = new Signal<this, NotebookPanel | null>(this);
  readonly widgetAdded = new Signal<this, NotebookPanel>(this);

  get currentWidget(): NotebookPanel | null {
    return this._current?.asPanel ?? null;
  }

  get asTracker(): SaturnStore.ITracker {
    return this as unknown as SaturnStore.ITracker;
  }

  forEach(callback: (panel: NotebookPanel) => void): void {
    for (const panel of this._panels) {
      callback(panel.asPanel);
    }
  }

  add(panel: FakePanel): void {
    this._panels.push(panel);
    this.widgetAdded.emit(panel.asPanel);
  }

  show(panel: FakePanel | null): void {
    this._current = panel;
    this.currentChanged.emit(this.currentWidget);
  }

  private readonly _panels: FakePanel[] = [];
  private _current: FakePanel | null = null;
}
