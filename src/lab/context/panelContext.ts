import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext } from 'react';
import type { ISaturnStore } from '../session/tokens.js';

/** What every part of the panel needs. */
export interface IPanelContext {
  readonly store: ISaturnStore;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
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
