/**
 * Turns what the files of built-in techniques say of themselves, the single source of their names, order, summaries
 * and textures, into
 *   src/core/wire/generated/techniques.json
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';
import { run } from './step.mjs';
import { inVenv, venvEnv } from './venv.mjs';

/** Where it is written. */
export const catalogue = join(root, 'src', 'core', 'wire', 'generated', 'techniques.json');

/** Reads the files, without importing them. */
export async function writeCatalogue() {
  // Of this tree, whichever is installed.
  const env = { ...venvEnv, PYTHONPATH: join(root, 'python-shim') };
  const text = await run(inVenv('python'), ['-m', 'jupyterlab_saturn.technique_catalogue'], { env });
  mkdirSync(dirname(catalogue), { recursive: true });
  writeFileSync(catalogue, `${JSON.stringify(JSON.parse(text), null, 1)}\n`);
}
