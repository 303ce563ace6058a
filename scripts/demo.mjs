/**
 * `npm run demo [-- NOTEBOOK]`: sets up and runs a notebook without a browser, examples/quickstart.ipynb unless
 * another is given; results in out/demo. `npm run demo -- --ray` does so on two nodes of a Ray cluster that it starts.
 */
import { join } from 'node:path';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { done, Failure, main, run } from './step.mjs';
import { inVenv, venvEnv } from './venv.mjs';

await main(async () => {
  await setup();
  try {
    await run(inVenv('python'), [join(root, 'scripts', 'demo.py'), ...process.argv.slice(2)], {
      env: venvEnv,
      show: true
    });
  } catch {
    throw new Failure('The demo did not get to its end.');
  }
  done('\nOpen out/demo/report.html in a browser.');
});
