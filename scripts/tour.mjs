/**
 * `node scripts/tour.mjs`: makes the pictures of docs/tour.md, docs/sweeps.md and README anew, in docs/images: sweeps in the real JupyterLab.
 * `-- --look` also takes each in dark and in a larger window, into out/tour, to be looked at.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureChromium } from './chromium.mjs';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { main, run } from './step.mjs';
import { venvEnv } from './venv.mjs';

const outdir = join(root, 'out', 'tour');

await main(async () => {
  await setup();
  await build(['wire', 'engine', 'lab']);
  const env = { ...venvEnv, CHROMIUM_PATH: await ensureChromium() };
  const { build: bundle } = await import('esbuild');
  const outfile = join(outdir, 'tour.mjs');
  mkdirSync(outdir, { recursive: true });
  await bundle({
    absWorkingDir: root,
    entryPoints: ['test/tour/tour.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['playwright-core']
  });
  await run(process.execPath, [outfile, ...process.argv.slice(2)], { env, show: true });
});
