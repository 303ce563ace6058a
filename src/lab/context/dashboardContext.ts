import { createContext, useContext } from 'react';
import type { ISessions } from '../session/tokens.js';
import { useSignalState } from './signalState.js';
import type { TaskSelection } from './taskSelection.js';
import type { IViewContext } from './viewContext.js';

/** What every part of a dashboard needs: the session it shows, and which of its tasks are selected in all parts. */
export interface IDashboardContext extends IViewContext {
  readonly selection: TaskSelection;
  /** Seconds since the epoch. */
  readonly clock: () => number;
  /** Id by which the Jupyter server, and commands, know the session; absent for the one of the current notebook. */
  readonly sessionId?: string;
  /** What other sessions there are; null where the Jupyter server is not asked. */
  readonly sessions?: ISessions | null;
  /** How long a what-if question is worked on, in seconds, by the settings. */
  readonly whatIfSeconds?: () => number;
}

const DashboardContext = createContext<IDashboardContext | null>(null);

/** Hands the context to the parts within. */
export const DashboardContextProvider = DashboardContext.Provider;

/** The dashboard's context. */
export function useDashboardContext(): IDashboardContext {
  const context = useContext(DashboardContext);
  if (!context) {
    throw new Error('Parts of a dashboard are rendered within its context.');
  }
  return context;
}

/** Names of the selected tasks: rendered again when they change. */
export function useSelectedTasks(): readonly string[] {
  const { selection } = useDashboardContext();
  return useSignalState(selection.changed, () => selection.tasks);
}
