import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SavedCheckpoint, TaskSpec } from '../../core/wire/messages.js';
import { COMMITTED, isOf, MANIFEST, readManifest } from './checkpointManifest.js';
import { TaskFolder } from './taskFolder.js';

/** What the `Trainer` of transformers calls its checkpoints. */
const OF_TRAINER = /^checkpoint-(\d+)$/;

/** What is written into one of those when it is whole. */
const OF_TRAINER_WHOLE = 'saturn-identity';

const KINDS: readonly SavedCheckpoint['kind'][] = ['checkpoint', 'best', 'final'];

/**
 * What a task has on disk from which it, or a clone, can go on, oldest step first.
 *
 * @param folder - of the session.
 */
export async function savedCheckpoints(folder: string, task: TaskSpec): Promise<SavedCheckpoint[]> {
  const { checkpoints, native } = new TaskFolder(folder, task.name);
  const found = await Promise.all([
    ...KINDS.map(kind =>
      committed(kind === 'checkpoint' ? checkpoints : join(checkpoints, kind), kind, task)
    ),
    committed(native, 'checkpoint'),
    ofTrainer(native)
  ]);
  return found.flat().sort((a, b) => a.step - b.step || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Those of the package's own format in a folder; of one task only, where one is given. */
async function committed(
  folder: string,
  kind: SavedCheckpoint['kind'],
  task?: TaskSpec
): Promise<SavedCheckpoint[]> {
  return each(folder, COMMITTED, async path => {
    const manifest = await readManifest(path);
    const bytes = Object.values(manifest.files).reduce((sum, { size = 0 }) => sum + size, 0);
    // One of a loop of the user's own may say anything.
    if (!isCount(manifest.step) || !isCount(bytes)) {
      return null;
    }
    const savedAt = (await stat(join(path, MANIFEST))).mtimeMs / 1000;
    return !task || isOf(manifest, task) ? { step: manifest.step, path, bytes, savedAt, kind } : null;
  });
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Those that a `Trainer` has written itself. */
async function ofTrainer(folder: string): Promise<SavedCheckpoint[]> {
  return each(folder, OF_TRAINER, async (path, name) => {
    const savedAt = (await stat(join(path, OF_TRAINER_WHOLE))).mtimeMs / 1000;
    const files = await readdir(path, { recursive: true });
    const sizes = await Promise.all(files.map(async file => stat(join(path, file))));
    const bytes = sizes.reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
    return { step: Number(OF_TRAINER.exec(name)?.[1]), path, bytes, savedAt, kind: 'checkpoint' };
  });
}

/** What is told of each folder within one whose name is of some form; of those that go meanwhile, nothing. */
async function each(
  folder: string,
  form: RegExp,
  tell: (path: string, name: string) => Promise<SavedCheckpoint | null>
): Promise<SavedCheckpoint[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const told = await Promise.all(
    names.filter(name => form.test(name)).map(name => tell(join(folder, name), name).catch(() => null))
  );
  return told.filter(checkpoint => checkpoint !== null);
}
