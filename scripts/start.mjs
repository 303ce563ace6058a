/** `npm start`: JupyterLab with the extension, on a copy of the examples in out/start. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { main, run } from './step.mjs';
import { inVenv, venvEnv } from './venv.mjs';

const folder = join(root, 'out', 'start');

await main(async () => {
  await setup();
  mkdirSync(folder, { recursive: true });
  // What the user changed since the last start stays.
  cpSync(join(root, 'examples'), folder, { recursive: true, force: false });
  process.stdout.write(`\nJupyterLab on ${folder}; end with Ctrl-C.\n`);
  const lab = ['lab', `--ServerApp.root_dir=${folder}`, '--LabApp.default_url=/lab/tree/quickstart.ipynb'];
  if (process.getuid?.() === 0) {
    lab.push('--allow-root'); // in a container, where there is nobody else
  }
  await run(inVenv('jupyter'), [...lab, ...process.argv.slice(2)], { cwd: folder, env: venvEnv, show: true });
});
