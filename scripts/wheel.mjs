/** `npm run wheel`: one wheel in dist/ that needs no npm and no network where it is installed. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { megabytes } from './digest.mjs';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { done, main, run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

/**
 * Builds the wheel from what `setup` built.
 *
 * @returns its path
 */
export async function buildWheel(folder = join(root, 'dist')) {
  let wheel;
  await step({
    name: 'wheel',
    work: async () => {
      rmSync(folder, { recursive: true, force: true });
      await run(inVenv('python'), ['-m', 'hatchling', 'build', '-t', 'wheel', '-d', folder], {
        cwd: join(root, 'python-shim')
      });
      wheel = join(
        folder,
        readdirSync(folder).find(name => name.endsWith('.whl'))
      );
      return megabytes(statSync(wheel).size);
    }
  });
  return wheel;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup();
    done(await buildWheel());
  });
}
