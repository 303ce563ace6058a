import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Move the folders of tasks from `<session>/tasks` to `<session>/archive`, so that nothing of an
 * earlier task of the same name is taken up again, and nothing is lost either.
 *
 * @param stamp - makes the archived name unique, e.g. milliseconds since the epoch.
 */
export function archiveTasks(folder: string, tasks: readonly string[], stamp: number): void {
  for (const task of tasks) {
    const from = join(folder, 'tasks', task);
    if (existsSync(from)) {
      mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 });
      renameSync(from, join(folder, 'archive', `${stamp}-${task}`));
    }
  }
}
