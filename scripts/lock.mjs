/**
 * `npm run lock`: writes the requirements.lock beside each requirements.in, with the hashes of all files that the index
 * has of those versions, so that what is installed is what was tried. torch is in none: which build of it comes is decided
 * by the user's own index.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCKED } from './audit.mjs';
import { root } from './root.mjs';
import { done, main, run, step } from './step.mjs';
import { tool } from './tools.mjs';

const HEAD = '# Made by `npm run lock` of requirements.in: what is installed must be one of these files.\n';
/** The oldest Python that all of the packages run on. */
const PYTHON = '3.11.5';

await main(async () => {
  const uv = await tool('uv');
  const folder = mkdtempSync(join(tmpdir(), 'saturn-lock-'));
  try {
    for (const name of LOCKED) {
      await step({
        name: `${name} hashes`,
        work: async () => {
          const wanted = join(folder, 'requirements.in');
          const source = readFileSync(join(root, name, 'requirements.in'), 'utf8');
          writeFileSync(wanted, source.replace(/^torch==.*\n/m, ''));
          const hashes = ['--no-deps', '--generate-hashes', '--universal', '--python-version', PYTHON];
          const quiet = ['--quiet', '--no-annotate', '--no-header', '--output-file', join(folder, 'lock')];
          await run(uv, ['pip', 'compile', ...hashes, ...quiet, wanted]);
          const lock = readFileSync(join(folder, 'lock'), 'utf8');
          writeFileSync(join(root, name, 'requirements.lock'), HEAD + lock);
          rmSync(join(folder, 'lock'));
        }
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  done('Locked.');
});
