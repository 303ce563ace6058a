import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A process that is alive. */
export interface IProcess {
  pid: number;
  command: string;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended meanwhile
  }
};

/**
 * Processes whose command line or environment names a folder: everything that was started for a test,
 * detached or not, since all of it inherits the variables that point into the test's folder.
 */
export function processesOf(folder: string): IProcess[] {
  if (!existsSync('/proc/self/environ')) {
    const { stdout } = spawnSync('ps', ['-axwwE', '-o', 'pid=,command='], { encoding: 'utf8' });
    return stdout
      .split('\n')
      .filter(line => line.includes(folder) && !line.includes('ps -axwwE'))
      .map(line => ({ pid: Number.parseInt(line, 10), command: line.trim() }));
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(name => ({ pid: Number(name), command: read(`/proc/${name}/cmdline`).trim() }))
    .filter(({ pid, command }) => command.includes(folder) || read(`/proc/${pid}/environ`).includes(folder));
}

/** Waits until a condition holds, asking ten times a second. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  seconds = 60
): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) {
      return value as NonNullable<T>;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${seconds} s in vain: ${what}.`);
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
