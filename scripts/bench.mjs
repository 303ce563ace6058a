/**
 * `npm run bench`: a quick look at the planner's speed and gaps, and at how few trials profiling makes.
 * `npm run bench:planner`: in full; `-- --peers` asks other solvers too, `-- --seconds 2 --seeds 5` is shorter, `-- --cpu`
 * counts the process's own seconds.
 * `npm run bench:paper`: the settings of the Saturn paper.
 * `npm run bench:trials`: trials that profiling makes, and how much they leave to be wished for.
 * `npm run bench:training`: steps against hand-written loops, starts of trials, switches; `-- --pairs 10` is shorter.
 * `npm run bench:sweep`: a sweep of small tasks, by plain processes, by us, by Ray Tune; `-- --rounds 1 --scale .5` is shorter.
 * `npm run bench:sweep -- stops`: 54 points searched with early stopping, by us, by Ray Tune, by Optuna; `--rounds 1` is shorter.
 * `npm run bench:sweep -- fusion`: a sweep of adapters, one by one and in one run; `--adapters 8 --steps 200` is shorter.
 * `npm run bench:live`: policies run for real with tasks that sleep; `-- --quick` is four small ones, `-- --scale 2000` shorter;
 * `-- stops` is a sweep with a rule that gives up tasks, beside one who knows which; `-- stops --simulated` without processes.
 * `npm run bench:scale`: what watching 12, 100, 300 and 1000 tasks costs; `-- --tasks 12,100 --seconds 60` is shorter.
 * `npm run bench:page`: what JupyterLab's page costs while 12, 300, 1000 tasks train; `-- --tasks 300` is shorter.
 * `npm run bench -- cluster`: what a far node costs, on a Ray cluster of two nodes that it starts; `--tasks 10` is shorter.
 * `npm run bench -- curves`: what the curves of 300 tasks of 100,000 steps cost; `--tasks 30` is shorter.
 * `npm run bench -- fleet`: what deciding for 2, 10, 30 and 100 simulated nodes costs; `--nodes 10` is shorter.
 * `npm run bench -- rules`: what giving up tasks early saves and costs, by each rule, over made-up curves.
 * `npm run bench -- cold`: runs of which nothing is known, on virtual time, beside those that know all; `--draws 5` is shorter.
 * `npm run bench -- replan`: planning anew in a fraction of a second.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureChromium } from './chromium.mjs';
import { checkMachine } from './machine.mjs';
import { installPackages } from './packages.mjs';
import { root } from './root.mjs';
import { Failure, main, run, step } from './step.mjs';
import { inVenv } from './venv.mjs';

const outdir = join(root, 'out', 'bench');
const benches = [
  'planner',
  'paper',
  'replan',
  'cold',
  'rules',
  'trials',
  'training',
  'sweep',
  'live',
  'scale',
  'page',
  'curves',
  'fleet',
  'cluster'
];
const ENGINE = ['live', 'sweep', 'scale', 'page', 'fleet', 'cluster']; // what runs one
const QUICK = [
  ['planner', '--seconds', '2', '--seeds', '2'],
  ['trials', '--seeds', '3', '--cases', 'paper'],
  ['training', '--pairs', '10', '--turns', '2']
];

await main(async () => {
  const chosen = process.argv.length > 2 ? [process.argv.slice(2)] : QUICK;
  for (const [name] of chosen) {
    if (!benches.includes(name)) {
      throw new Failure(`There is no benchmark "${name}"; there are: ${benches.join(', ')}.`);
    }
  }
  await installPackages();
  await build(chosen.some(([name]) => ENGINE.includes(name)) ? ['wire', 'engine'] : ['wire']);
  if (chosen.some(([name]) => name === 'page')) {
    await build(['lab']);
    process.env.CHROMIUM_PATH = await ensureChromium();
  }
  for (const [name, ...rest] of chosen) {
    await bench(name, rest);
  }
});

async function bench(name, rest) {
  if (name === 'training' || name === 'scale' || name === 'cluster') {
    await run(inVenv('python'), [join(root, `test/bench/${name}/main.py`), ...rest], { show: true });
    return;
  }
  if (name === 'sweep' && rest[0] === 'fusion') {
    const script = join(root, 'test/bench/sweep/fusion.py');
    await run(inVenv('python'), [script, ...rest.slice(1)], { show: true });
    return;
  }
  if (name === 'sweep') {
    const peers = await installTuners();
    const [stops, others] = rest[0] === 'stops' ? [true, rest.slice(1)] : [false, rest];
    const args = peers === null ? others : [stops ? '--peers' : '--ray', peers, ...others];
    const script = join(root, 'test/bench/sweep', stops ? 'stops.py' : 'main.py');
    await run(inVenv('python'), [script, ...args], { show: true });
    return;
  }
  const peers = rest.indexOf('--peers');
  const args = peers < 0 ? rest : rest.with(peers, `--peers=${await installPeers()}`);
  const { build: bundle } = await import('esbuild');
  const outfile = join(outdir, `${name}.mjs`);
  await bundle({
    absWorkingDir: root,
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['highs', 'playwright-core', 'zeromq']
  });
  await run(process.execPath, [outfile, ...args], { show: true });
}

/** OR-Tools and CBC in an environment of their own; returns its Python. */
const installPeers = () => environment('peers', 'other solvers');

/** Ray Tune and Optuna in an environment of their own, with the PyTorch of ours; null where they cannot be had. */
async function installTuners() {
  try {
    const packages = spawnSync(inVenv('python'), [
      '-c',
      'import sysconfig; print(sysconfig.get_path("purelib"))'
    ]);
    return await environment('sweep', 'Ray Tune and Optuna', packages.stdout.toString());
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    console.log(`Ray Tune and Optuna cannot be installed: ${error.message}`);
    return null;
  }
}

/**
 * The packages that a bench asks for, in an environment of their own.
 *
 * @param bench its folder in test/bench has the list
 * @param title what the packages are
 * @param shared folder of packages that it has besides
 * @returns its Python
 */
async function environment(bench, title, shared) {
  const folder = join(outdir, bench);
  const python = join(folder, 'bin', 'python');
  const packages = join(root, 'test', 'bench', bench, 'requirements.txt');
  mkdirSync(outdir, { recursive: true });
  await step({
    name: title,
    stamp: join(folder, '.installed'),
    inputs: [packages],
    outputs: [python],
    work: async () => {
      await run(checkMachine().command, ['-m', 'venv', '--clear', folder]);
      if (shared) {
        const [lib] = readdirSync(join(folder, 'lib'));
        writeFileSync(join(folder, 'lib', lib, 'site-packages', 'shared.pth'), shared);
      }
      await run(python, ['-m', 'pip', '--disable-pip-version-check', 'install', '-r', packages]);
    }
  });
  return python;
}
