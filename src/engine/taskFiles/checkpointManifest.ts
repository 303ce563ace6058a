import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskSpec } from '../../core/wire/messages.js';

/** The file in which a checkpoint says what it is; written last. */
export const MANIFEST = 'manifest.json';

/** Name of the folder of a checkpoint that is whole: its step, and the attempt that has saved it. */
export const COMMITTED = /^step-\d+(-\d+)?$/;

/** What a checkpoint says of itself, as far as it matters here. */
export interface ICheckpointManifest {
  readonly step: number;
  readonly identity: string;
  readonly files: Readonly<Record<string, { readonly size?: number }>>;
  /** Of a finished task: after which step it ended, and the step of its best model, if it keeps that. */
  readonly ended?: number;
  readonly bestStep?: number;
}

/** Whether a checkpoint is of what a task trains. */
export function isOf({ identity }: ICheckpointManifest, { hash, trainingHash }: TaskSpec): boolean {
  return identity.startsWith(`${trainingHash ?? hash}/`);
}

/** What the checkpoint in a folder says of itself. Throws where it is not there. */
export function readManifestSync(folder: string): ICheckpointManifest {
  return JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as ICheckpointManifest;
}

/** The same, without waiting for the disk. */
export async function readManifest(folder: string): Promise<ICheckpointManifest> {
  return JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as ICheckpointManifest;
}
