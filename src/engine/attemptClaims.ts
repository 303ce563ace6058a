import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TaskFolder } from './taskFiles/taskFolder.js';

/**
 * Forget which attempts at tasks have begun. An engine that does not know them all any more may give a new one the number of
 * one that was, and ranks would refuse it for late.
 *
 * @param folder - of the session.
 */
export function forgetClaims(folder: string): void {
  const tasks = join(folder, 'tasks');
  for (const name of existsSync(tasks) ? readdirSync(tasks) : []) {
    rmSync(new TaskFolder(folder, name).claims, { recursive: true, force: true });
  }
}
