/** `npm run setup`: everything a fresh clone needs; quick when nothing has changed. */
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { checkMachine } from './machine.mjs';
import { installPackages } from './packages.mjs';
import { done, main } from './step.mjs';
import { installPython } from './venv.mjs';

/** Checks the machine, installs packages, builds. Uses only Node's own modules until they are there. */
export async function setup() {
  const python = checkMachine();
  await installPackages();
  await installPython(python);
  await build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup();
    done('Ready.');
  });
}
