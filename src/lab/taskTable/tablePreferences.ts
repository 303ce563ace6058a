import { useCallback, useState } from 'react';

/** What somebody wants to see of tasks, in all sessions. */
export interface ITablePreferences {
  /** Ids of columns that are shown or hidden otherwise than usual. */
  readonly columns: Readonly<Record<string, boolean>>;
}

const KEY = 'jupyterlab-saturn:task-table';
const NONE: ITablePreferences = { columns: {} };

/** What is wanted, remembered by the browser. */
export function useTablePreferences(): [ITablePreferences, (preferences: ITablePreferences) => void] {
  const [preferences, prefer] = useState(read);
  const remember = useCallback((next: ITablePreferences) => {
    prefer(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // A browser that keeps nothing (private, full) shows it all the same until the page is left.
    }
  }, []);
  return [preferences, remember];
}

function read(): ITablePreferences {
  try {
    const { columns }: { columns?: unknown } = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const known = Object.entries(columns ?? {}).filter(([, isShown]) => typeof isShown === 'boolean');
    return { columns: Object.fromEntries(known) as Record<string, boolean> };
  } catch {
    return NONE;
  }
}
