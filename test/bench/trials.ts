import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import loadHighs from 'highs';
import {
  distinctGroundTruth,
  GRID_CELLS,
  type IGroundTruth,
  paperGroundTruth,
  SMALL_CELLS,
  withSmallNode
} from './trials/groundTruth.js';
import { makespanOf, omniscient, profile } from './trials/profilingRun.js';

/** How many trials profiling makes of a grid of 384 cells, and how much longer the plan is than with all cells known. */

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    cases: { type: 'string' },
    out: { type: 'string', default: join('out', 'bench') }
  }
});

/** Planner budget of the plans compared; in iterations, so that the table does not depend on the machine. */
const BUDGET = { iterations: 20_000 };

const CASES: { name: string; world(seed: number): IGroundTruth; goal: string; cells?: number }[] = [
  { name: 'paper, text', world: seed => paperGroundTruth('txt', seed), goal: '1/8, 3 %' },
  { name: 'paper, images', world: seed => paperGroundTruth('img', seed), goal: '1/8, 3 %' },
  {
    name: 'unlike nodes, text',
    world: seed => withSmallNode(paperGroundTruth('txt', seed, true), seed),
    goal: '',
    cells: GRID_CELLS + SMALL_CELLS
  },
  {
    name: 'unlike nodes, images',
    world: seed => withSmallNode(paperGroundTruth('img', seed, true), seed),
    goal: '',
    cells: GRID_CELLS + SMALL_CELLS
  },
  { name: '12 distinct', world: seed => distinctGroundTruth(seed), goal: '' },
  { name: '12 distinct, estimates', world: seed => distinctGroundTruth(seed, true), goal: '1/8, 3 %' }
];

const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const highs = loadHighs({ locateFile: () => wasm });
const options = { loadHighs: () => highs };

console.log(
  `Trials of a grid of ${GRID_CELLS} cells, ${SMALL_CELLS} more with a second node, and the makespan against planning on the full truth.`
);
console.log(
  `${flags.seeds} worlds a case. Regret: share by which the tasks take longer when the plan is followed;`
);
console.log('the same with every cell measured, as measurements are off by 2 % either way.\n');
const widths = [24, 8, 6, 8, 6, 9, 8, 8, 14, 8, 12];
row(['case', 'trials', 'most', 'share', 'oom', 'median', 'mean', 'max', 'all measured', 'max', 'goal']);
const results = [];
for (const { name, world: make, goal, cells = GRID_CELLS } of CASES) {
  if (flags.cases !== undefined && !flags.cases.split(',').some(part => name.includes(part))) {
    continue;
  }
  const runs = [];
  for (let seed = 1; seed <= Number(flags.seeds); seed++) {
    const world = make(seed);
    const { state, trials, probes } = await profile(world, seed, options);
    const reached = await makespanOf(world, state, BUDGET, options);
    const all = await profile(world, seed, { ...options, full: true });
    const floor = await makespanOf(world, all.state, BUDGET, options);
    const best = await makespanOf(world, omniscient(world, state), BUDGET, options);
    const oom = trials.filter(cell => cell.status === 'oom').length;
    runs.push({
      seed,
      trials: trials.length,
      oom,
      probes,
      regret: reached / best - 1,
      floor: floor / best - 1
    });
  }
  results.push({ name, runs });
  const trials = runs.map(run => run.trials);
  const regrets = runs.map(run => run.regret);
  const floors = runs.map(run => run.floor);
  row([
    name,
    String(median(trials)),
    String(Math.max(...trials)),
    percent(median(trials) / cells),
    String(median(runs.map(run => run.oom))),
    percent(median(regrets)),
    percent(mean(regrets)),
    percent(Math.max(...regrets)),
    percent(mean(floors)),
    percent(Math.max(...floors)),
    goal
  ]);
}
mkdirSync(flags.out, { recursive: true });
writeFileSync(join(flags.out, 'trials.json'), JSON.stringify({ budget: BUDGET, results }, null, 1));
console.log(`\nWritten: ${join(flags.out, 'trials.json')}`);

function row(columns: string[]): void {
  console.log(
    columns.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('')
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
