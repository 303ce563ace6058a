import { useMemo } from 'react';
import { colourOf } from '../../core/view/gantt/palette.js';
import { taskGroups } from '../../core/view/gantt/taskGroups.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** The colour of each task of a session in its schedule. */
export function useTaskColours(tasks: readonly string[]): ReadonlyMap<string, string> {
  const { trans } = useDashboardContext();
  return useMemo(() => {
    const groups = taskGroups(tasks, trans);
    return new Map(tasks.map(task => [task, colourOf(groups.indexOf(task)).fill]));
  }, [tasks, trans]);
}
