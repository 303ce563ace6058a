import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useRef } from 'react';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import { taskColumns } from '../../core/view/taskTable/taskColumns.js';
import { type ITaskRow, type ITaskRows, taskRows } from '../../core/view/taskTable/taskRow.js';
import type { SessionState } from '../../core/wire/messages.js';

/**
 * The rows of a session and the columns that its tasks have. What is the same as before is the same object, so that nothing
 * is worked out or drawn again that has not changed.
 */
export function useTaskRows(
  state: SessionState,
  now: number,
  trans: TranslationBundle
): { rows: readonly ITaskRow[]; columns: readonly ITaskColumn[] } {
  const known = useRef<ITaskRows>(undefined);
  const shown = useRef<readonly ITaskColumn[]>([]);
  const rows = useMemo(() => {
    known.current = taskRows(state, now, known.current);
    return known.current.rows;
  }, [state, now]);
  const { tasks, cluster, sweeps } = state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the state, tasks, their sweeps and devices are all that matters
  const columns = useMemo(() => {
    const next = taskColumns(state, now, trans);
    shown.current = isAlike(shown.current, next) ? shown.current : next;
    return shown.current;
  }, [tasks, cluster, sweeps, trans]);
  return { rows, columns };
}

/** Whether columns look the same; what their cells say comes from the rows. */
function isAlike(a: readonly ITaskColumn[], b: readonly ITaskColumn[]): boolean {
  return (
    a.length === b.length &&
    a.every((column, i) => {
      const other = b[i];
      return (
        column.id === other?.id &&
        column.label === other.label &&
        column.width === other.width &&
        column.align === other.align &&
        column.goal === other.goal &&
        column.isUsual === other.isUsual
      );
    })
  );
}
