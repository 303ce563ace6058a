import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ISessionLine } from './sessionLine.js';

/** A line that tells nothing while its session is at work has this long until it counts as dead, in milliseconds. */
const SILENT_AFTER = 15_000;

/** A line to whatever session its owner follows, which others may use besides. */
export interface ILentLine extends ISessionLine {
  /** Whether what is asked on it waits behind nothing, such as the cells of a kernel. */
  readonly isPrompt: boolean;
}

/** Lines that are there anyway: who looks at a session that one of them leads to need not be told everything once more. */
export class LentLines implements IDisposable {
  /** Emitted when a line came, went, or may have become fit or unfit to be used. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Lend a line until the result is disposed of. */
  lend(line: ILentLine): IDisposable {
    const entry: Private.IEntry = { isSilent: false };
    const onChanged = () => {
      clearTimeout(entry.timer);
      entry.isSilent = false;
      entry.timer = setTimeout(() => {
        entry.isSilent = line.state?.goal !== 'none';
        this._changed.emit();
      }, SILENT_AFTER);
      this._changed.emit();
    };
    line.changed.connect(onChanged);
    this._entries.set(line, entry);
    onChanged();
    return new DisposableDelegate(() => {
      clearTimeout(entry.timer);
      this._entries.delete(line);
      line.changed.disconnect(onChanged);
      this._changed.emit();
    });
  }

  /** A line that leads to the session of a folder, is live and prompt; null when there is none. */
  find(folder: string): ILentLine | null {
    for (const [line, { isSilent }] of this._entries) {
      if (!isSilent && line.isPrompt && line.problem === null && line.state?.folder === folder) {
        return line;
      }
    }
    return null;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const { timer } of this._entries.values()) {
      clearTimeout(timer);
    }
    this._entries.clear();
    Signal.clearData(this);
  }

  private readonly _entries = new Map<ILentLine, Private.IEntry>();
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

namespace Private {
  export interface IEntry {
    timer?: ReturnType<typeof setTimeout>;
    isSilent: boolean;
  }
}
