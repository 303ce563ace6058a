import { createContext, useContext } from 'react';
import type { RunningCurves } from './runningCurves.js';

/** What sections of the panel share besides what every view needs. */
export interface IPanelContext {
  readonly curves: RunningCurves;
}

const PanelContext = createContext<IPanelContext | null>(null);

/** Hands the context to the sections within. */
export const PanelContextProvider = PanelContext.Provider;

/** The panel's context. */
export function usePanelContext(): IPanelContext {
  const context = useContext(PanelContext);
  if (!context) {
    throw new Error('Sections of the panel are rendered within it.');
  }
  return context;
}
