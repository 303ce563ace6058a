/** The test suites: what each runs, and how many of its tests passed. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from './audit.mjs';
import { ensureChromium } from './chromium.mjs';
import { root } from './root.mjs';
import { Failure, run } from './step.mjs';
import { inVenv, venvEnv } from './venv.mjs';

/** Folder of the suites' logs, reports and screenshots. */
export const reports = join(root, 'out', 'test');

const shim = join(root, 'python-shim');
const node = (path, ...args) => [process.execPath, [join(root, 'node_modules', ...path.split('/')), ...args]];

/** Runs commands one after another, each of which counts as one test. */
function checks(...commands) {
  return async () => {
    const result = { passed: 0, failed: 0, skipped: 0, output: '' };
    for (const [command, args, cwd = root] of commands) {
      try {
        result.output += await run(command, args, { cwd });
        result.passed++;
      } catch (error) {
        result.output += `${error.detail}\n${error.message}\n`;
        result.failed++;
      }
    }
    return result;
  };
}

/** Runs a test runner that writes a report, and counts by the report. */
async function runner([command, args], options, report, count) {
  rmSync(report, { force: true });
  let output;
  let clean = true;
  try {
    output = await run(command, args, options);
  } catch (error) {
    output = `${error.detail}\n${error.message}\n`;
    clean = false;
  }
  const result = existsSync(report)
    ? count(readFileSync(report, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  if (!clean && result.failed === 0) {
    result.failed = 1; // the runner itself failed, or an error lay outside of any test
  }
  return { ...result, output };
}

function vitest(project, prepare) {
  return async () => {
    const env = { ...venvEnv, ...(await prepare?.()) };
    const report = join(reports, `${project}.json`);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const command = node('vitest/vitest.mjs', 'run', '--project', project, ...reporters);
    return runner(command, { env }, report, text => {
      const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(text);
      return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
    });
  };
}

/** All combinations instead of those that prove each thing once. */
export const NIGHTLY = '--nightly';

/** In more processes than there are cores, since most tests wait for others that they started. */
function pytest() {
  const report = join(reports, 'shim.xml');
  const folders = ['shim', 'fidelity'].map(name => join(root, 'test', name));
  const config = ['-c', join(shim, 'pyproject.toml'), ...folders];
  // In the order of test/conftest.py, not by how many tests a file has.
  const shares = ['-n', '3', '--dist', 'loadfile', '--no-loadscope-reorder'];
  const options = [...shares, `--junitxml=${report}`, '--durations=10'];
  const command = [inVenv('python'), ['-m', 'pytest', ...config, ...options]];
  const env = { ...venvEnv, SATURN_NIGHTLY: process.env.SATURN_NIGHTLY ?? '' };
  return runner(command, { env }, report, text => {
    const number = name => Number(text.match(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`))?.[1] ?? 0);
    const failed = number('failures') + number('errors');
    const skipped = number('skipped');
    return { passed: number('tests') - failed - skipped, failed, skipped };
  });
}

const python = [shim, join(root, 'scripts'), join(root, 'docs'), join(root, 'test')];
const ruff = (...args) => [
  inVenv('ruff'),
  [...args, '--quiet', '--config', join(shim, 'pyproject.toml'), ...python]
];

/** Each returns `{ passed, failed, skipped, output }`. */
const suites = {
  lint: checks(
    node('@biomejs/biome/bin/biome', 'check', '--colors=off'),
    ruff('check'),
    ruff('format', '--check')
  ),
  types: checks(
    node('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'),
    node('typescript/bin/tsc', '-p', 'test/tsconfig.json', '--noEmit'),
    [inVenv('mypy'), [], shim]
  ),
  unit: vitest('unit'),
  lab: vitest('lab'),
  shim: pytest,
  e2e: vitest('e2e', async () => ({ CHROMIUM_PATH: await ensureChromium() })),
  audit
};

/**
 * Which suites run beside which: what computes all the time beside what waits for processes half of it. What waits for
 * pages, and gives up after a time, has the machine to itself in the end.
 */
const STAGES = [[['lint', 'types', 'unit', 'lab'], ['shim']], [['e2e', 'audit']]];

/** What others than this repository decide: left out by day, unless it is named. */
const BY_NIGHT = ['audit'];

/**
 * The named suites, or all; refuses names that are none.
 *
 * @param nightly whether those of the night belong to all
 * @returns stages, one after another: of lanes, side by side: of suites `[name, suite]`, one after another
 */
export function selectSuites(names, nightly) {
  const unknown = names.find(name => !(name in suites));
  if (unknown) {
    throw new Failure(`There is no suite ${unknown}, only ${Object.keys(suites).join(', ')}.`);
  }
  const wanted = name =>
    names.includes(name) || (names.length === 0 && (nightly || !BY_NIGHT.includes(name)));
  return STAGES.map(lanes => lanes.map(lane => lane.filter(wanted).map(name => [name, suites[name]])));
}
