import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import loadHighs, { type Highs } from 'highs';
import { checkPlan } from '../../src/core/model/checker.js';
import { plan } from '../../src/core/planner/plan.js';
import type { Plan, PlanRequest } from '../../src/core/wire/generated/types.js';
import { sweeps } from './generator.js';

/** One generated case: how fast the first plan is there, how good the last. */
export interface Row {
  name: string;
  /** Seconds until the first plan. */
  first: number;
  /** Its makespan over the final lower bound, less 1. */
  firstGap: number;
  /** Seconds until the planner was done. */
  total: number;
  gap: number;
  optimal: boolean;
  method: Plan['method'];
  /** Makespan of the shortest baseline over that of the plan. */
  advantage: number;
  bestBaseline: string;
}

/** Tasks, nodes and the search time in seconds; every node has 8 GPUs. */
const CASES: [tasks: number, nodes: number, seconds: number][] = [
  [8, 1, 2],
  [12, 1, 2],
  [24, 2, 4],
  [48, 4, 5],
  [100, 8, 5]
];

/** Seeds of each case. */
const SEEDS = [101, 102];

/** Run every case; takes about 40 seconds. */
export async function benchPlanner(onRow: (row: Row) => void = () => {}): Promise<Row[]> {
  const wasm = createRequire(import.meta.url).resolve('highs/runtime');
  const highs = loadHighs({ locateFile: () => wasm });
  const rows: Row[] = [];
  for (const [tasks, nodes, seconds] of CASES) {
    for (const seed of SEEDS) {
      const { request } = sweeps(seed, tasks, nodes);
      const row = await measure(
        `${tasks}/${nodes}x8 #${seed}`,
        { ...request, budget: { seconds } },
        () => highs
      );
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}

async function measure(name: string, request: PlanRequest, highs: () => Promise<Highs>): Promise<Row> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let first: { seconds: number; makespan: number } | undefined;
  const done = await plan(request, {
    loadHighs: highs,
    onProgress: ({ makespan }) => {
      first ??= { seconds: seconds(), makespan };
    }
  });
  const total = seconds();
  const wrong = checkPlan(request, done);
  if (wrong.length > 0) {
    throw new Error(`${name}: the plan is not valid: ${wrong.join(' ')}`);
  }
  const baseline = done.baselines.reduce((best, other) => (other.makespan < best.makespan ? other : best));
  return {
    name,
    first: first!.seconds,
    firstGap: first!.makespan / done.lowerBound - 1,
    total,
    gap: done.gap,
    optimal: done.optimal,
    method: done.method,
    advantage: baseline.makespan / done.makespan,
    bestBaseline: baseline.name
  };
}

function line(cells: string[]): string {
  const widths = [14, 10, 10, 9, 8, 8, 13, 9, 17];
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log('Planner on generated cases: tasks / nodes x GPUs, two seeds each.');
  console.log(
    line(['case', 'first', 'first gap', 'total', 'gap', 'proven', 'method', 'gain', 'best baseline'])
  );
  await benchPlanner(row =>
    console.log(
      line([
        row.name,
        `${(1000 * row.first).toFixed(0)} ms`,
        percent(row.firstGap),
        `${row.total.toFixed(2)} s`,
        percent(row.gap),
        row.optimal ? 'yes' : 'no',
        row.method,
        `${row.advantage.toFixed(2)} x`,
        row.bestBaseline
      ])
    )
  );
}
