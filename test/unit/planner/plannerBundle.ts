import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Path of `highs.wasm`. */
export const wasm = createRequire(import.meta.url).resolve('highs/runtime');

/** A folder with a planner thread as it is built for users. */
export interface IBundle {
  folder: string;
  /** The bundle. */
  script: string;
  remove(): Promise<void>;
}

/** Bundle one entry into a temporary folder. */
export async function bundle(entry: string): Promise<IBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'saturn-planner-'));
  const script = join(folder, 'planner.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../../..', entry)],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent'
  });
  return { folder, script, remove: () => rm(folder, { recursive: true }) };
}

/** Write a script that stands in for a planner that fails. */
export async function writeScript(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
