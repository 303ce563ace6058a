import { type ISignal, Signal } from '@lumino/signaling';
import type { SessionEntry } from '../../core/wire/messages.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { useSignalState } from '../context/signalState.js';
import type { ConnectionProblem } from '../session/connectionProblem.js';

const NONE: readonly SessionEntry[] = [];

/** Never emitted: where nobody lists sessions, their list does not change. */
const never: ISignal<unknown, void> = new Signal<object, void>({});

/** The sessions that the Jupyter server lists: rendered again when they change. */
export function useSessionEntries(): readonly SessionEntry[] {
  const { sessions } = useDashboardContext();
  return useSignalState(sessions?.changed ?? never, () => sessions?.list ?? NONE);
}

/** Why the Jupyter server does not list them; null when it does: rendered again when that changes. */
export function useSessionsProblem(): ConnectionProblem | null {
  const { sessions } = useDashboardContext();
  return useSignalState(sessions?.changed ?? never, () => sessions?.problem ?? null);
}
