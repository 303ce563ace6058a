/** The npm packages of package-lock.json in node_modules. */
import { join } from 'node:path';
import { root } from './root.mjs';
import { run, step } from './step.mjs';

const lock = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');

/** Installs what package-lock.json says, unless node_modules holds just that. */
export function installPackages() {
  return step({
    name: 'npm packages',
    stamp: join(modules, '.saturn-stamp'),
    inputs: [lock],
    work: async () => {
      await run('npm', ['ci', '--no-audit', '--no-fund']);
    }
  });
}
