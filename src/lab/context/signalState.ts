import type { ISignal } from '@lumino/signaling';
import { useSyncExternalStore } from 'react';

/** A value that an object replaces before it emits a signal: rendered again when it does. */
export function useSignalState<T>(changed: ISignal<unknown, void>, value: () => T): T {
  return useSyncExternalStore(listener => {
    changed.connect(listener);
    return () => void changed.disconnect(listener);
  }, value);
}
