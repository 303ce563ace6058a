import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import loadHighs, { type Highs } from 'highs';
import { checkPlan } from '../../src/core/model/checker/checker.js';
import { interrupts, makeBaselines } from '../../src/core/planner/baselines/baselines.js';
import { solveMilp } from '../../src/core/planner/milp/paperMilp.js';
import { plan } from '../../src/core/planner/plan.js';
import { toProblem } from '../../src/core/planner/problem/compilation.js';
import { arrangementOf, realise } from '../../src/core/planner/schedule/arrangement.js';
import type { Plan, PlanRequest } from '../../src/core/wire/messages.js';
import { CASES, type ICase, seeds } from './cases.js';
import { type GapCurve, gapPlot } from './gapPlot.js';
import { askPeer, type IPeerAnswer } from './peers.js';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '20' },
    /** The first of them. */
    from: { type: 'string', default: '101' },
    cases: { type: 'string' },
    /** Python with OR-Tools and PuLP; without it no other solver is asked. */
    peers: { type: 'string' },
    /** Count seconds of this process instead of the clock's: for machines that others use too. */
    cpu: { type: 'boolean', default: false },
    'peer-factor': { type: 'string', default: '10' },
    out: { type: 'string', default: join('out', 'bench') }
  }
});

/** One run of the planner on one problem. Times are seconds since the request. */
interface IRun {
  seed: number;
  first: number;
  makespan: number;
  bound: number;
  gap: number;
  optimal: boolean;
  method: string;
  total: number;
  curve: GapCurve;
  /** By what share the plan after a tenth of the time is longer; where that is asked for. */
  early?: number;
  baselines: Record<string, number>;
  peers: Record<string, IPeerAnswer>;
}

const seconds = Number(flags.seconds);
const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const highs = loadHighs({ locateFile: () => wasm });
const chosen = CASES.filter(({ name }) => flags.cases === undefined || flags.cases.split(',').includes(name));

console.log(`Proven gap after ${seconds} s, one thread; ${flags.seeds} problems a case.\n`);
const widths = [15, 7, 8, 8, 9, 9, 9, 9, 8, 9, 26];
row(['case', 'first', 'at 0.1 s', 'at 1 s', 'median', 'max', 'proven', 'seconds', 'gain', 'early', 'goal']);
const results: { name: string; goal: string; runs: IRun[] }[] = [];
for (const entry of chosen) {
  const runs: IRun[] = [];
  for (const seed of seeds(Number(flags.seeds), Number(flags.from))) {
    runs.push(await measure(entry, seed));
  }
  results.push({ name: entry.name, goal: entry.goal, runs });
  summarise(entry, runs);
}
const folder = flags.out;
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'planner.json'), JSON.stringify({ seconds, results }, null, 1));
writeFileSync(
  join(folder, 'planner.svg'),
  gapPlot(
    results.map(({ name, runs }) => ({ name, curves: runs.map(run => run.curve) })),
    seconds
  )
);
console.log(`\nWritten: ${join(folder, 'planner.json')}, ${join(folder, 'planner.svg')}`);
if (flags.peers !== undefined) {
  comparePeers();
}

async function measure({ name, request: make, early }: ICase, seed: number): Promise<IRun> {
  const request: PlanRequest = { ...make(seed), budget: { seconds } };
  const options = { loadHighs: () => highs, now: clock };
  const short =
    early === true ? await plan({ ...request, budget: { seconds: seconds / 10 } }, options) : undefined;
  await highs;
  const started = clock();
  let first: number | undefined;
  const done = await plan(request, {
    ...options,
    onProgress: () => {
      first ??= clock() - started;
    }
  });
  const total = clock() - started;
  const wrong = checkPlan(request, done);
  if (done.fault !== undefined) {
    wrong.push(done.fault);
  }
  if (wrong.length > 0) {
    throw new Error(`${name}, seed ${seed}: the plan is not valid: ${wrong.join(' ')}`);
  }
  return {
    seed,
    first: first ?? total,
    makespan: done.makespan,
    bound: done.lowerBound,
    gap: done.gap,
    optimal: done.optimal,
    method: done.method,
    total,
    curve: (done.log ?? []).map(step => [step.seconds ?? 0, step.makespan / done.lowerBound - 1]),
    ...(short !== undefined && { early: short.makespan / done.makespan - 1 }),
    baselines: Object.fromEntries(done.baselines.map(rule => [rule.name, rule.makespan])),
    peers: flags.peers === undefined ? {} : await askPeers(flags.peers, request, done)
  };
}

/** Seconds since some time, by the clock or of this process alone. */
function clock(): number {
  const { user, system } = process.cpuUsage();
  return flags.cpu ? (user + system) / 1e6 : performance.now() / 1000;
}

/** The same seconds without and with our plan as a start, then many times as long. */
async function askPeers(python: string, request: PlanRequest, done: Plan): Promise<IRun['peers']> {
  const long = seconds * Number(flags['peer-factor']);
  const peers: IRun['peers'] = {
    'CP-SAT': await askPeer(python, 'cp_sat', request, seconds),
    'CP-SAT, hint': await askPeer(python, 'cp_sat', request, seconds, done),
    [`CP-SAT, hint, ${long} s`]: await askPeer(python, 'cp_sat', request, long, done)
  };
  if (request.tasks.length <= 12) {
    peers['paper, CBC'] = await askPeer(python, 'paper_cbc', request, seconds);
    peers['paper, HiGHS'] = paperInHighs(await highs, request);
  }
  return peers;
}

/** The paper's program, tightened as far as it goes, started from the best simple rule. */
function paperInHighs(solver: Highs, request: PlanRequest): IPeerAnswer {
  const problem = toProblem(request);
  const started = performance.now();
  const start = makeBaselines(problem, 1)
    .filter(rule => !interrupts(rule))
    .map(({ schedule }) => realise(problem, arrangementOf(problem, schedule)))
    .reduce((best, schedule) => (schedule.makespan < best.makespan ? schedule : best));
  const { makespan, bound, optimal } = solveMilp(solver, problem, start, 0, { seconds });
  return {
    makespan,
    bound,
    status: optimal ? 'optimal' : 'feasible',
    seconds: (performance.now() - started) / 1000
  };
}

function at(run: IRun, time: number): number {
  return run.curve.reduce((gap, [since, value]) => (since <= time ? value : gap), Infinity);
}

function summarise({ name, goal }: ICase, runs: IRun[]): void {
  const median = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)]!;
  const gaps = runs.map(run => run.gap);
  row([
    name,
    `${(1000 * Math.max(...runs.map(run => run.first))).toFixed(0)} ms`,
    percent(median(runs.map(run => at(run, 0.1)))),
    percent(median(runs.map(run => at(run, 1)))),
    percent(median(gaps)),
    percent(Math.max(...gaps)),
    `${runs.filter(run => run.optimal).length}/${runs.length}`,
    median(runs.map(run => run.total)).toFixed(1),
    `${median(runs.map(run => Math.min(...Object.values(run.baselines)) / run.makespan)).toFixed(2)} x`,
    runs.some(({ early }) => early !== undefined)
      ? percent(Math.max(...runs.map(run => run.early ?? 0)))
      : '',
    goal
  ]);
}

/** Who found better plans or bounds than we did; times are the medians of their own clocks. */
function comparePeers(): void {
  console.log('\nOther solvers on the same problems: plan and bound over ours, median and best for them.');
  for (const { name, runs } of results) {
    for (const peer of Object.keys(runs[0]?.peers ?? {})) {
      const answers = runs.map(run => ({ run, answer: run.peers[peer]! }));
      const plans = answers.map(({ run, answer }) => (answer.makespan ?? Infinity) / run.makespan - 1);
      const bounds = answers.map(({ run, answer }) => answer.bound / run.bound - 1);
      const sorted = (list: number[]) => [...list].sort((a, b) => a - b);
      const middle = (list: number[]) => sorted(list)[Math.floor((list.length - 1) / 2)]!;
      console.log(
        `${name.padEnd(12)} ${peer.padEnd(22)} plan ${signed(middle(plans))} (best ${signed(Math.min(...plans))})` +
          `   bound ${signed(middle(bounds))} (best ${signed(Math.max(...bounds))})`
      );
    }
  }
}

function signed(share: number): string {
  return Number.isFinite(share) ? `${share >= 0 ? '+' : ''}${(100 * share).toFixed(2)} %` : 'none';
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : '-';
}

function row(cells: string[]): void {
  console.log(
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' ')
  );
}
