/** Programs of Python that only a script of ours needs, each in an environment of its own below .cache. */
import { join } from 'node:path';
import { root } from './root.mjs';
import { run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

/** Path of a program of a package, installed in this version. */
export async function tool(name, version) {
  const venv = join(root, '.cache', 'tools', name);
  const program = join(venv, 'bin', name);
  await step({
    name,
    stamp: join(venv, '.saturn-packages'),
    inputs: [{ version }],
    outputs: [program],
    work: async () => {
      await run(inVenv('python'), ['-m', 'venv', '--clear', venv]);
      const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', `${name}==${version}`];
      await run(join(venv, 'bin', 'python'), pip);
    }
  });
  return program;
}
