/** `npm run wheel [-- folder]`: one wheel, in dist/, that needs no npm and no network where it is installed. */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { megabytes } from './digest.mjs';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { done, main, run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

const isWheel = name => name.endsWith('.whl');

/**
 * Builds the wheel from what `setup` built.
 *
 * @returns its path
 */
async function buildWheel(folder) {
  let wheel;
  await step({
    name: 'wheel',
    work: async () => {
      for (const old of existsSync(folder) ? readdirSync(folder).filter(isWheel) : []) {
        rmSync(join(folder, old));
      }
      await run(inVenv('python'), ['-m', 'hatchling', 'build', '-t', 'wheel', '-d', folder], {
        cwd: join(root, 'python-shim')
      });
      wheel = join(folder, readdirSync(folder).find(isWheel));
      return megabytes(statSync(wheel).size);
    }
  });
  return wheel;
}

await main(async () => {
  await setup();
  done(await buildWheel(resolve(process.argv[2] ?? join(root, 'dist'))));
});
