import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ISession } from '../core/session/session.js';
import { failureOf } from '../core/wire/messages.js';
import { dropWeights } from './keptWeights.js';
import { TaskFolder } from './taskFiles/taskFolder.js';

/** What is to be archived. */
export interface IArchiving {
  /** Of the session. */
  readonly folder: string;
  /** Names of the tasks. */
  readonly tasks: readonly string[];
  /** As it is without them. */
  readonly session: ISession;
  /** Seconds since the epoch: it makes the archived names unique. */
  readonly time: number;
  readonly log: (line: string) => void;
}

/**
 * Move the folders of tasks from `<session>/tasks` to `<session>/archive`, so that nothing of an earlier task of the same name
 * is taken up again, and nothing is lost either; and drop the weights that were kept for nobody else.
 */
export function setAside({ folder, tasks, session, time, log }: IArchiving): void {
  try {
    for (const task of tasks) {
      const from = new TaskFolder(folder, task).path;
      if (existsSync(from)) {
        mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 });
        renameSync(from, join(folder, 'archive', `${Math.floor(1000 * time)}-${task}`));
      }
    }
    dropWeights(folder, session);
  } catch (error) {
    log(`cannot archive: ${failureOf(error).message}`);
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
