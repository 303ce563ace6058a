/** What a machine must have before anything can be set up. */
import { spawnSync } from 'node:child_process';
import { Failure } from './step.mjs';

const leastNode = [20, 19];
const leastPython = [3, 11];

const below = (version, least) => version[0] < least[0] || (version[0] === least[0] && version[1] < least[1]);

function checkSystem() {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new Failure(
      `jupyterlab-saturn runs on Linux and macOS, not on ${process.platform}. On Windows use WSL 2.`
    );
  }
  const version = process.versions.node.split('.').map(Number);
  if (below(version, leastNode)) {
    throw new Failure(
      `Node.js ${leastNode.join('.')} or newer is needed; this is ${process.version}. Get one from https://nodejs.org.`
    );
  }
  if (spawnSync('git', ['--version']).status !== 0) {
    throw new Failure('git is missing. Install it, e.g. with: apt-get install git');
  }
}

const probe = 'import sys, importlib.util as u; print(*sys.version_info[:2], bool(u.find_spec("ensurepip")))';

function findPython() {
  const found = [];
  const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  for (const command of process.env.PYTHON ? [process.env.PYTHON] : names) {
    const { status, stdout } = spawnSync(command, ['-c', probe], { encoding: 'utf8' });
    if (status !== 0) {
      if (process.env.PYTHON) {
        found.push(`${command}, named by PYTHON, does not run`);
      }
      continue;
    }
    const [major, minor, venv] = stdout.trim().split(' ');
    const version = `${major}.${minor}`;
    if (below([Number(major), Number(minor)], leastPython)) {
      found.push(`${command} is ${version}`);
    } else if (venv !== 'True') {
      found.push(`${command} ${version} lacks venv (on Debian: apt-get install python3-venv)`);
    } else {
      return { command, version };
    }
  }
  throw new Failure(
    `Python ${leastPython.join('.')} or newer with venv is needed; ${found.join(', ') || 'no python3 was found'}. ` +
      'Install one, e.g. with apt-get install python3 python3-venv, or name one in the variable PYTHON.'
  );
}

/**
 * Checks system, Node.js, git and Python.
 *
 * @returns the Python to make the environment with: `{ command, version }`
 * @throws Failure that says what is missing and how to get it
 */
export function checkMachine() {
  checkSystem();
  return findPython();
}
