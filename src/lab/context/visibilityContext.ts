import { createContext, useContext } from 'react';
import { useSignalState } from './signalState.js';
import type { Visibility } from './visibility.js';

const VisibilityContext = createContext<Visibility | null>(null);

/** Tells what is within whether somebody can see it. */
export const VisibilityProvider = VisibilityContext.Provider;

/** Whether somebody can see what is rendered: what changes is asked for only then. */
export function useVisible(): boolean {
  const visibility = useContext(VisibilityContext);
  if (!visibility) {
    throw new Error('It is rendered within a part of a dashboard only.');
  }
  return useSignalState(visibility.changed, () => visibility.isVisible);
}
