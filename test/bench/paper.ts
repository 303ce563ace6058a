import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import loadHighs from 'highs';
import { checkPlan } from '../../src/core/model/checker/checker.js';
import { plan } from '../../src/core/planner/plan.js';
import type { Plan } from '../../src/core/wire/messages.js';
import { barChart } from './paper/chart.js';
import { figure5, figure7, figure8, table5 } from './paper/figures.js';
import { answerFile, FOLDER, generatedFiles, planText, SETTINGS, write } from './paper/files.js';
import { instance } from './paper/instances.js';
import {
  ablationTable,
  differences,
  LEGEND_8,
  pointsSummary,
  pointsTable,
  rowsTable
} from './paper/report.js';

/** Seconds of search for each stored plan. */
const ANSWER_SECONDS = 20;

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: 'out/bench' }, write: { type: 'boolean', default: false } }
});
const wasm = createRequire(import.meta.url).resolve('highs/runtime');
const loading = loadHighs({ locateFile: () => wasm });
const highs = () => loading;

if (flags.write) {
  await writeExamples();
} else {
  await reproduce();
}

/** Print the paper's figures beside ours. */
async function reproduce(): Promise<void> {
  console.log(
    'The settings of the Saturn paper (PVLDB 17(4)) with profiles of our own: hours, the paper’s in brackets.'
  );
  console.log(
    'docs/spase-bench.md tells how the profiles were made, and which columns agree because of that.\n'
  );
  console.log('Table 5: what each part adds (8 GPUs, TXT; switches cost nothing, as in the paper).');
  const ablation = await table5(highs);
  print(ablationTable(ablation));
  console.log('Figure 5: one-shot plans.');
  const five = await figure5(highs);
  print([
    ...rowsTable(five, ['random', 'min', 'max', 'greedy', 'saturn', 'bound'], 'max'),
    ...differences(five)
  ]);
  console.log('Figure 8(A): whole runs.');
  const eight = await figure8(highs);
  print([
    ...rowsTable(
      eight,
      ['current', 'random', 'static', 'dynamic', 'saturn', 'oneShot', 'weighed', 'planned'],
      'current'
    ),
    ...LEGEND_8,
    ...differences(eight)
  ]);
  console.log('Figure 7: introspection (8 GPUs, TXT), hours and switches.');
  const seven = await figure7(highs);
  print([...pointsTable(seven), ...pointsSummary(seven)]);
  const results = { figure5: five, figure7: seven, figure8A: eight, table5: ablation };
  write(
    flags.out,
    new Map([
      ['paper.json', `${JSON.stringify(results, undefined, 2)}\n`],
      [
        'paper-figure5.svg',
        barChart('Figure 5: hours of one-shot plans', five, ['random', 'min', 'max', 'greedy', 'saturn'])
      ],
      [
        'paper-figure8.svg',
        barChart('Figure 8(A): hours of whole runs', eight, [
          'current',
          'random',
          'static',
          'dynamic',
          'saturn'
        ])
      ]
    ])
  );
  console.log(`Numbers and charts: ${flags.out}/paper.json, paper-figure5.svg, paper-figure8.svg`);
}

/** Write instances and profiles anew, and for each instance the better of the stored plan and a new one. */
async function writeExamples(): Promise<void> {
  write(FOLDER, generatedFiles());
  for (const { name, workload, cluster } of SETTINGS) {
    const request = { ...instance(workload, cluster), budget: { seconds: ANSWER_SECONDS } };
    const made = await plan(request, { loadHighs: highs });
    const stored = storedPlan(name);
    const valid = stored !== undefined && checkPlan(request, stored).length === 0;
    const better = valid && stored.makespan <= made.makespan && stored.lowerBound >= made.lowerBound;
    if (!better) {
      write(FOLDER, new Map([[answerFile(name), planText(made)]]));
    }
    const kept = better ? stored : made;
    console.log(
      `${name}: ${(kept.makespan / 3600).toFixed(2)} h, gap ${(100 * kept.gap).toFixed(2)} %${better ? ', as stored' : ''}`
    );
  }
}

function storedPlan(name: string): Plan | undefined {
  try {
    return JSON.parse(readFileSync(join(FOLDER, answerFile(name)), 'utf8')) as Plan;
  } catch {
    return undefined;
  }
}

function print(lines: string[]): void {
  console.log(`${lines.join('\n')}\n`);
}
