/**
 * `npm run docs`: sets up and builds the site from docs/ into out/docs. References, links and anchors within it that
 * lead nowhere are errors.
 * `npm run docs -- --external`: also asks other sites whether the links to them still work.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { setup } from './setup.mjs';
import { done, Failure, main, run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

const source = join(root, 'docs');
const site = join(root, 'out', 'docs');
const cache = join(root, '.cache', 'docs');
const venv = join(cache, 'venv');
const python = join(venv, 'bin', 'python');
const purelib = ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'];

await main(async () => {
  const unknown = process.argv.slice(2).find(option => option !== '--external');
  if (unknown) {
    throw new Failure(`There is no option ${unknown}, only --external.`);
  }
  await setup();
  await installSphinx();
  await step({ name: 'site', work: buildSite });
  if (process.argv.includes('--external')) {
    await step({ name: 'links to other sites', work: () => sphinx('linkcheck', join(cache, 'linkcheck')) });
  }
  done('\nOpen out/docs/index.html in a browser.');
});

/** An environment with what the site is made with, to which .venv lends what the package needs. */
async function installSphinx() {
  const lock = join(source, 'requirements.lock');
  const [lent, version] = [
    await run(inVenv('python'), purelib),
    await run(inVenv('python'), ['--version'])
  ].map(line => line.trim());
  await step({
    name: 'docs packages',
    stamp: join(venv, '.saturn-packages'),
    inputs: [lock, { lent, version }],
    outputs: [python],
    work: async () => {
      mkdirSync(cache, { recursive: true });
      await run(inVenv('python'), ['-m', 'venv', '--clear', venv]);
      await run(python, [
        '-m',
        'pip',
        '--disable-pip-version-check',
        'install',
        '--require-hashes',
        '--no-deps',
        '-r',
        lock
      ]);
      writeFileSync(join((await run(python, purelib)).trim(), 'lent.pth'), `${lent}\n`);
    }
  });
}

async function buildSite() {
  rmSync(site, { recursive: true, force: true });
  await sphinx('html', site);
  await run(python, [join(source, 'site', 'links.py'), site]);
}

/** Reads everything anew, and takes warnings for errors. */
async function sphinx(builder, folder) {
  const strict = ['--nitpicky', '--fail-on-warning', '--keep-going', '--fresh-env', '--quiet'];
  const args = ['-m', 'sphinx', ...strict, '-b', builder, '-d', join(cache, 'doctrees'), source, folder];
  await run(python, args, { env: { PYTHONPATH: join(root, 'python-shim'), PYTHONNOUSERSITE: '1' } });
}
