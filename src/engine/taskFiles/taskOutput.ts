import { open, readdir, stat } from 'node:fs/promises';
import { SaturnError } from '../../core/wire/failure.js';
import type { Output, OutputRead, TaskState } from '../../core/wire/messages.js';
import { TaskFolder } from './taskFolder.js';

/** Bytes of an answer, unless others are asked for. */
const BYTES = 64 * 1024;

/** The number by which what a task printed when it was built is asked for. */
const BUILT = 0;

/**
 * The end of what a process of a task has printed.
 *
 * @param folder - of the session.
 * @throws SaturnError `unknown-attempt`.
 */
export async function readOutput(folder: string, task: TaskState, request: OutputRead): Promise<Output> {
  const { name } = task.spec;
  const files = new TaskFolder(folder, name);
  const numbers = task.attempts.map(({ number }) => number);
  const { attempt = numbers.at(-1) ?? BUILT, rank = 0, bytes = BYTES } = request;
  if (attempt !== BUILT && !numbers.includes(attempt)) {
    throw new SaturnError({
      code: 'unknown-attempt',
      message: `"${name}" has no attempt ${attempt}.`,
      hint: numbers.length > 0 ? `There are: ${numbers.join(', ')}.` : 'It was not trained yet.'
    });
  }
  const logs = attempt === BUILT ? new Map([[0, files.inspectionLog]]) : await rankLogs(files, attempt);
  const path = logs.get(rank) ?? files.rankLog(attempt, rank);
  const [end, built] = await Promise.all([tail(path, bytes), isThere(files.inspectionLog)]);
  const attempts = [...(built ? [BUILT] : []), ...numbers];
  return { ...end, attempt, ranks: [...logs.keys()], attempts, path };
}

/** The end of a text file, from the beginning of a line where there is one; nothing of one that cannot be read. */
async function tail(path: string, most: number): Promise<Pick<Output, 'text' | 'cut'>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - most);
      const buffer = Buffer.alloc(size - from);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
      const text = buffer.toString('utf8', 0, bytesRead);
      const line = text.indexOf('\n') + 1;
      return from === 0
        ? { text, cut: false }
        : { text: line > 0 && line < text.length ? text.slice(line) : text, cut: true };
    } finally {
      await file.close();
    }
  } catch {
    return { text: '', cut: false };
  }
}

/** The logs of an attempt's ranks that are here, in order: of one over several nodes those of all whose files are. */
async function rankLogs(files: TaskFolder, attempt: number): Promise<Map<number, string>> {
  const others = await numbersIn(files.attempt(attempt), /^from-rank-(\d{1,5})$/);
  const found = await Promise.all(
    [0, ...others].map(async first => {
      const folder = first === 0 ? files.attempt(attempt) : files.part(attempt, first);
      const own = await numbersIn(folder, /^rank(\d{1,5})\.log$/);
      return own.map(rank => [first + rank, files.rankLog(attempt, first + rank, first)] as const);
    })
  );
  return new Map(found.flat().sort(([a], [b]) => a - b));
}

/** The numbers in the names of what is in a folder; none when it cannot be read. */
async function numbersIn(folder: string, name: RegExp): Promise<number[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.flatMap(one => name.exec(one)?.[1] ?? []).map(Number);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
