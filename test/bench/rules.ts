/**
 * `npm run bench -- rules`: what giving up early saves and costs by each rule, over made-up curves of training, and what planning
 * jointly adds for those that are left; `--pauses`: what pauses come to in other settings. `--seeds 20 --devices 4` change it.
 */
import { parseArgs } from 'node:util';
import { plan } from '../../src/core/planner/plan.js';
import { asha } from '../../src/core/session/stopRules/asha.js';
import { median } from '../../src/core/session/stopRules/median.js';
import type { IStopRule } from '../../src/core/session/stopRules/stopRule.js';
import type { PlanRequest, PlanTask, StopRule } from '../../src/core/wire/messages.js';
import { type IComparedSweep, type ISearchOutcome, STEPS, searched } from './simulation/comparedSweep.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    devices: { type: 'string', default: '4' },
    pauses: { type: 'boolean', default: false }
  }
});
const seeds = Number(values.seeds);

const SETTINGS: readonly (readonly [points: number, devices: number])[] = [
  ...([1, 2, 4].map(devices => [9, devices]) as [number, number][]),
  ...([2, 4, 8].map(devices => [27, devices]) as [number, number][]),
  ...([4, 8, 16].map(devices => [54, devices]) as [number, number][])
];

const ASHA: StopRule = { kind: 'asha' };
/** As it was before it paused anybody: for comparison. */
const stopping: IStopRule = {
  ...asha,
  judge: (comparison, numbers) => asha.judge({ ...comparison, pays: false }, numbers)
};

const RULES: readonly (readonly [name: string, rule: IStopRule | undefined, numbers: StopRule])[] = [
  ['all to the end', undefined, ASHA],
  ['median', median, { kind: 'median' }],
  ['asha', asha, ASHA],
  ['asha:promote', asha, { ...ASHA, promote: true }],
  ['without pauses', stopping, ASHA]
];

if (values.pauses) {
  comparePauses();
} else {
  compareRules(Number(values.devices));
  await compareJointly();
}

function outcomes(
  rule: IStopRule | undefined,
  numbers: StopRule,
  sweep: Omit<IComparedSweep, 'seed'>
): (of: (run: ISearchOutcome) => number) => number {
  const runs = Array.from({ length: seeds }, (_, i) => searched(rule, numbers, { ...sweep, seed: i + 1 }));
  return of => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
}

function compareRules(devices: number): void {
  const points = 54;
  console.log(`${points} tasks of ${STEPS} steps on ${devices} devices, ${seeds} seeds.`);
  console.log('                makespan  steps  regret  to the end');
  for (const [name, rule, numbers] of RULES) {
    const mean = outcomes(rule, numbers, { points, devices });
    const all = points * STEPS;
    console.log(
      [
        name.padEnd(15),
        (mean(run => run.makespan) / (all / devices)).toFixed(2).padStart(9),
        (mean(run => run.steps) / all).toFixed(2).padStart(7),
        mean(run => run.regret)
          .toFixed(3)
          .padStart(8),
        mean(run => run.trained)
          .toFixed(1)
          .padStart(12)
      ].join('')
    );
  }
}

/** What pauses come to: time beside that of asha without any, and regret, where a start costs some steps. */
function comparePauses(): void {
  console.log(`Time beside asha without pauses, and regret; speeds spread by 0.3, ${seeds} seeds.`);
  console.log('points devices start   without        asha   asha:promote');
  const rules = [RULES[4]!, RULES[2]!, RULES[3]!];
  for (const [points, devices] of SETTINGS) {
    for (const startSteps of [0, 2, 10]) {
      const sweep = { points, devices, startSteps, spread: 0.3 };
      const means = rules.map(([, rule, numbers]) => outcomes(rule, numbers, sweep));
      const whole = means[0]!(run => run.makespan);
      const cells = means.map(
        mean => `${(mean(run => run.makespan) / whole).toFixed(2)} ${mean(run => run.regret).toFixed(3)}`
      );
      console.log(
        [
          ...[points, devices, startSteps].map(number => String(number).padStart(6)),
          ...cells.map(text => text.padStart(13))
        ].join('')
      );
    }
  }
}

async function compareJointly(): Promise<void> {
  console.log('\nSeconds on 8 devices, of tasks of which a step takes 1 s on one, 5 s to start:');
  const three = tasks(3, 54);
  const many = tasks(27, 81);
  const likely = many.map(task => ({ ...task, likely: 9 }));
  console.log(`3 with 54 steps left, a device each:  ${(await seconds(three.map(alone))).toFixed(1)}`);
  console.log(`3 with 54 steps left, planned:        ${(await seconds(three)).toFixed(1)}`);
  console.log(`27 with 81 steps, all to the end:     ${(await seconds(many)).toFixed(1)}`);
  console.log(`27 with 81 steps, 9 of them likely:   ${(await seconds(likely)).toFixed(1)}`);
}

/** Tasks that one device trains, and more of them faster by fsdp. */
function tasks(count: number, steps: number): PlanTask[] {
  const speeds: readonly (readonly [devices: number, speed: number])[] = [
    [1, 1],
    [2, 1.85],
    [4, 3.4],
    [8, 6]
  ];
  return Array.from({ length: count }, (_, i) => ({
    ...{ name: `task-${i + 1}`, steps },
    options: speeds.map(([devices, speed]) => ({
      strategy: { technique: devices === 1 ? 'single' : 'fsdp', devices },
      ...{ stepSeconds: 1 / speed, startSeconds: 5 }
    }))
  }));
}

function alone(task: PlanTask): PlanTask {
  return { ...task, options: task.options.slice(0, 1) };
}

/** How long a plan for these takes: where steps are likely, by those. */
async function seconds(asked: readonly PlanTask[]): Promise<number> {
  const devices = Array.from({ length: 8 }, (_, i) => ({
    ...{ id: `gpu${i}`, kind: 'cuda' as const, name: 'GPU', memoryBytes: 4e10 }
  }));
  const request: PlanRequest = {
    cluster: { nodes: [{ id: 'local', devices }] },
    ...{ tasks: [...asked], seed: 1, budget: { seconds: 5 } }
  };
  const { makespan } = await plan(request);
  return makespan;
}
