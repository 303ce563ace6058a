import { createContext, useContext } from 'react';
import { useSignalState } from '../context/signalState.js';
import type { Visibility } from '../context/visibility.js';

const VisibilityContext = createContext<Visibility | null>(null);

/** Tells the tabs within whether somebody can see them. */
export const VisibilityProvider = VisibilityContext.Provider;

/** Whether somebody can see the details: what changes is asked for only then. */
export function useVisible(): boolean {
  const visibility = useContext(VisibilityContext);
  if (!visibility) {
    throw new Error('Tabs of the details are rendered within their part.');
  }
  return useSignalState(visibility.changed, () => visibility.isVisible);
}
