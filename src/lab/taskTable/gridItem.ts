import type { IRowGroup } from '../../core/view/taskTable/rowGroups.js';
import type { ITaskRow } from '../../core/view/taskTable/taskRow.js';

/** A line of the grid: a task, or what some tasks have in common. */
export type GridItem =
  | { readonly kind: 'task'; readonly key: string; readonly row: ITaskRow }
  | { readonly kind: 'group'; readonly key: string; readonly group: IRowGroup; readonly isOpen: boolean };

const lines = new WeakMap<ITaskRow, GridItem>();

/** The line of a task: the same for the same row. */
function taskItem(row: ITaskRow): GridItem {
  let line = lines.get(row);
  if (line === undefined) {
    line = { kind: 'task', key: taskKey(row.task.spec.name), row };
    lines.set(row, line);
  }
  return line;
}

/** Key of a task's line. */
export const taskKey = (name: string): string => `task:${name}`;

/** The lines of rows that are in no groups. */
export function plainItems(rows: readonly ITaskRow[]): GridItem[] {
  return rows.map(taskItem);
}

/** The lines of groups, each with its tasks below, unless it is folded. */
export function groupItems(groups: readonly IRowGroup[], folded: ReadonlySet<string>): GridItem[] {
  return groups.flatMap((group): GridItem[] => {
    const isOpen = !folded.has(group.key);
    const head: GridItem = { kind: 'group', key: `group:${group.key}`, group, isOpen };
    return isOpen ? [head, ...group.rows.map(taskItem)] : [head];
  });
}

/** Names of the tasks of some lines: of a group, all of its tasks. */
export function tasksOf(items: readonly GridItem[]): string[] {
  const names = items.flatMap(item =>
    item.kind === 'task' ? [item.row.task.spec.name] : item.group.rows.map(row => row.task.spec.name)
  );
  return [...new Set(names)];
}
