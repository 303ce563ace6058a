import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ISession } from '../core/session/session.js';
import { TaskFolder } from './taskFiles/taskFolder.js';

/**
 * Move the folders of tasks from `<session>/tasks` to `<session>/archive`, so that nothing of an
 * earlier task of the same name is taken up again, and nothing is lost either.
 *
 * @param stamp - makes the archived name unique, e.g. milliseconds since the epoch.
 */
export function archiveTasks(folder: string, tasks: readonly string[], stamp: number): void {
  for (const task of tasks) {
    const from = new TaskFolder(folder, task).path;
    if (existsSync(from)) {
      mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 });
      renameSync(from, join(folder, 'archive', `${stamp}-${task}`));
    }
  }
}

/**
 * Those of some tasks whose folders are still to be archived: an engine that was killed after it noted a removal, and before
 * it moved the folders, leaves them.
 *
 * @param removed - names of tasks that were removed.
 */
export function unarchived(folder: string, { state }: ISession, removed: ReadonlySet<string>): string[] {
  const trained = new Set(state.tasks.filter(task => task.attempts.length > 0).map(task => task.spec.name));
  return [...removed].filter(name => !trained.has(name) && existsSync(new TaskFolder(folder, name).path));
}
