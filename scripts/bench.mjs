/** `npm run bench`: planner time and gap on generated cases. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { installPackages } from './packages.mjs';
import { root } from './root.mjs';
import { main, run } from './step.mjs';

await main(async () => {
  await installPackages();
  await build(['wire']);
  const { build: bundle } = await import('esbuild');
  const outdir = join(root, 'out', 'bench');
  mkdirSync(outdir, { recursive: true });
  await bundle({
    absWorkingDir: root,
    entryPoints: ['test/bench/planner.ts'],
    outfile: join(outdir, 'planner.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['highs']
  });
  await run(process.execPath, [join(outdir, 'planner.mjs'), ...process.argv.slice(2)], { show: true });
});
