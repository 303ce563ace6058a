import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ISaturnStore } from '../session/tokens.js';
import type { ViewSnapshot } from './viewSnapshot.js';

/** What every part of the panel needs. */
export interface IPanelContext {
  readonly store: ISaturnStore;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  readonly snapshot: ViewSnapshot;
}

const PanelContext = createContext<IPanelContext | null>(null);

/** Hands the context to the parts within. */
export const PanelContextProvider = PanelContext.Provider;

/** The panel's context. */
export function usePanelContext(): IPanelContext {
  const context = useContext(PanelContext);
  if (!context) {
    throw new Error('Parts of the panel are rendered within its context.');
  }
  return context;
}

/** The store's view, rendered again when it changes. */
export const useView = (): ISaturnStore.IView => useMoment().view;

/** The time, in seconds since the epoch; goes on by itself while something trains. */
export const useNow = (): number => useMoment().now;

function useMoment(): ViewSnapshot.IMoment {
  const { snapshot } = usePanelContext();
  return useSyncExternalStore(
    listener => {
      snapshot.changed.connect(listener);
      return () => void snapshot.changed.disconnect(listener);
    },
    () => snapshot.moment
  );
}
