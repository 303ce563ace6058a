import { createContext, useContext, useSyncExternalStore } from 'react';
import type { WhatIf } from './whatIf.js';

const Context = createContext<WhatIf | null>(null);

/** Hands the what-if planner to the parts within. */
export const WhatIfProvider = Context.Provider;

/** The panel's what-if planner. */
export function useWhatIf(): WhatIf {
  const whatIf = useContext(Context);
  if (!whatIf) {
    throw new Error('Parts of the what-if form are rendered within its context.');
  }
  return whatIf;
}

/** What-if question and answer, rendered again when they change. */
export function useWhatIfView(): WhatIf.IView {
  const whatIf = useWhatIf();
  return useSyncExternalStore(
    listener => {
      whatIf.changed.connect(listener);
      return () => void whatIf.changed.disconnect(listener);
    },
    () => whatIf.view
  );
}
