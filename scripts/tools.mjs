/** Programs of Python that only a script of ours needs, in an environment of their own below .cache. */
import { join } from 'node:path';
import { root } from './root.mjs';
import { run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

const LOCK = join(root, 'scripts', 'requirements.lock');

/** Path of a program that scripts/requirements.lock names, whose hashes are checked. */
export async function tool(name) {
  const venv = join(root, '.cache', 'tools');
  const program = join(venv, 'bin', name);
  await step({
    name: 'tools',
    stamp: join(venv, '.saturn-packages'),
    inputs: [LOCK],
    outputs: [program],
    work: async () => {
      await run(inVenv('python'), ['-m', 'venv', '--clear', venv]);
      const pip = ['-m', 'pip', '--disable-pip-version-check', 'install'];
      await run(join(venv, 'bin', 'python'), [...pip, '--require-hashes', '--no-deps', '-r', LOCK]);
    }
  });
  return program;
}
