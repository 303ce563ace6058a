/** The Python environment in .venv: JupyterLab, PyTorch, the tools, and this package in place. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './root.mjs';
import { Failure, run, step } from './step.mjs';

/** Folder of the environment. */
export const venv = join(root, '.venv');
/** Path of a program in the environment. */
export const inVenv = program => join(venv, 'bin', program);
/** Variables that make a child process use the environment, and nothing of the user's own. */
export const venvEnv = {
  VIRTUAL_ENV: venv,
  PATH: `${join(venv, 'bin')}${delimiter}${process.env.PATH}`,
  PYTHONNOUSERSITE: '1'
};

const shim = join(root, 'python-shim');
const lock = join(shim, 'requirements.lock');
const wanted = join(shim, 'requirements.in');
const pip = args => run(inVenv('python'), ['-m', 'pip', '--disable-pip-version-check', ...args]);

const works = () => spawnSync(inVenv('python'), ['-c', 'import pip']).status === 0;

/**
 * Makes .venv with the packages of python-shim/requirements.lock, whose hashes are checked, and this package, editable.
 *
 * @param python `{ command, version }` of the Python to make it with
 */
export async function installPython(python) {
  if (!works()) {
    await step({
      name: 'Python environment',
      work: async () => {
        await run(python.command, ['-m', 'venv', '--clear', venv]);
        return `Python ${python.version} in .venv`;
      }
    });
  }
  await step({
    name: 'Python packages',
    stamp: join(venv, '.saturn-packages'),
    inputs: [lock, wanted],
    outputs: [join(venv, 'package.json')],
    work: async () => {
      // On its own first: which build of PyTorch comes is decided by the user's index, and the
      // other packages then have to fit it.
      const torch = readFileSync(wanted, 'utf8').match(/^torch==\S+$/m);
      if (!torch) {
        throw new Failure('python-shim/requirements.in names no torch version.');
      }
      await pip(['install', torch[0]]);
      await pip(['install', '--require-hashes', '--no-deps', '-r', lock]);
      // Node.js is not to take scripts in there, JupyterLab's own, for modules as ours are.
      writeFileSync(join(venv, 'package.json'), '{ "type": "commonjs" }\n');
    }
  });
  await step({
    name: 'Python package',
    stamp: join(venv, '.saturn-editable'),
    inputs: [join(shim, 'pyproject.toml'), join(shim, 'hatch_build.py')],
    work: async () => {
      await pip(['install', '--no-deps', '--no-build-isolation', '-e', shim]);
      return 'editable, python-shim';
    }
  });
}
