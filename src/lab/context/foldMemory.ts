import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import { type MemoryStorage, recall, remember, switchesIn } from './remembered.js';

const NAME = 'folds';

/** What a user has folded or unfolded, kept over reloads. Of anything else whoever shows it decides. */
export class FoldMemory implements IDisposable {
  constructor(private readonly _storage: MemoryStorage) {
    this._open = new Map(switchesIn(recall(NAME, _storage)));
  }

  /** Emitted after something was folded or unfolded. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the user wants something open; undefined when they never said. */
  isOpen(id: string): boolean | undefined {
    return this._open.get(id);
  }

  set(id: string, open: boolean): void {
    this._open.set(id, open);
    remember(NAME, Object.fromEntries(this._open), this._storage);
    this._changed.emit();
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _open: Map<string, boolean>;
  private _isDisposed = false;
}

const FoldContext = createContext<FoldMemory | null>(null);

/** Hands the memory to what is within. */
export const FoldMemoryProvider = FoldContext.Provider;

/**
 * Whether something is open, and how to change that.
 *
 * @param byItself - whether it is open as long as the user never said.
 */
export function useFold(id: string, byItself: boolean): [open: boolean, setOpen: (open: boolean) => void] {
  const memory = useContext(FoldContext);
  if (!memory) {
    throw new Error('What folds is rendered within a fold memory.');
  }
  const open = useSyncExternalStore(
    useCallback(
      listener => {
        memory.changed.connect(listener);
        return () => void memory.changed.disconnect(listener);
      },
      [memory]
    ),
    () => memory.isOpen(id) ?? byItself
  );
  return [open, useCallback(next => memory.set(id, next), [memory, id])];
}
