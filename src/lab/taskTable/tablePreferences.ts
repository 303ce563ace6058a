import { useCallback, useState } from 'react';
import { recall, remember, switchesIn } from '../context/remembered.js';

/** What somebody wants to see of tasks, in all sessions. */
export interface ITablePreferences {
  /** Ids of columns that are shown or hidden otherwise than usual. */
  readonly columns: Readonly<Record<string, boolean>>;
}

const NAME = 'task-table';

/** What is wanted, remembered by the browser. */
export function useTablePreferences(): [ITablePreferences, (preferences: ITablePreferences) => void] {
  const [preferences, prefer] = useState(read);
  const set = useCallback((next: ITablePreferences) => {
    prefer(next);
    remember(NAME, next);
  }, []);
  return [preferences, set];
}

function read(): ITablePreferences {
  const { columns } = (recall(NAME) ?? {}) as { columns?: unknown };
  return { columns: Object.fromEntries(switchesIn(columns)) };
}
