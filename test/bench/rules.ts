/**
 * `npm run bench -- rules`: what giving up early saves and costs by each rule, over made-up curves of training, and what planning
 * jointly adds for those that are left. `--seeds 20 --devices 4` change it.
 */
import { parseArgs } from 'node:util';
import { plan } from '../../src/core/planner/plan.js';
import { asha } from '../../src/core/session/stopRules/asha.js';
import { median } from '../../src/core/session/stopRules/median.js';
import type { IStopRule } from '../../src/core/session/stopRules/stopRule.js';
import type { PlanRequest, PlanTask } from '../../src/core/wire/messages.js';

const TASKS = 54;
const STEPS = 81;
/** Standard deviation of what an evaluation tells. */
const NOISE = 0.02;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20' }, devices: { type: 'string', default: '4' } }
});

const RULES: Record<string, IStopRule | undefined> = { 'all to the end': undefined, median, asha };

console.log(`${TASKS} tasks of ${STEPS} steps on ${values.devices} devices, ${values.seeds} seeds.`);
console.log('                makespan  steps  regret mean / max   to the end');
for (const [name, rule] of Object.entries(RULES)) {
  const runs = Array.from({ length: Number(values.seeds) }, (_, i) =>
    search(rule, Number(values.devices), i + 1)
  );
  const mean = (of: (run: ISearch) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const most = Math.max(...runs.map(({ regret }) => regret));
  const all = (TASKS * STEPS) / Number(values.devices);
  console.log(
    [
      name.padEnd(15),
      (mean(run => run.makespan) / all).toFixed(2).padStart(9),
      (mean(run => run.steps) / TASKS / STEPS).toFixed(2).padStart(7),
      `${mean(run => run.regret).toFixed(3)} / ${most.toFixed(3)}`.padStart(19),
      mean(run => run.trained)
        .toFixed(0)
        .padStart(13)
    ].join('')
  );
}

console.log('\nSeconds on 8 devices, of tasks of which a step takes 1 s on one, 5 s to start:');
const three = tasks(3, 54);
const many = tasks(27, 81);
const likely = many.map(task => ({ ...task, likely: 9 }));
console.log(`3 with 54 steps left, a device each:  ${(await seconds(three.map(alone))).toFixed(1)}`);
console.log(`3 with 54 steps left, planned:        ${(await seconds(three)).toFixed(1)}`);
console.log(`27 with 81 steps, all to the end:     ${(await seconds(many)).toFixed(1)}`);
console.log(`27 with 81 steps, 9 of them likely:   ${(await seconds(likely)).toFixed(1)}`);

interface ISearch {
  /** Steps until all devices are idle. */
  readonly makespan: number;
  readonly steps: number;
  /** How much worse the model that is chosen is in truth than the best. */
  readonly regret: number;
  readonly trained: number;
}

/** Tasks begin in turn as devices are free; a step takes as long for all. Ends are events, in the order of their time. */
function search(rule: IStopRule | undefined, devices: number, seed: number): ISearch {
  const random = randomNumbers(seed);
  const curves = Array.from({ length: TASKS }, () => curveOf(random));
  const rungs = rule ? rungsOf(rule) : [];
  const told = rungs.map((): number[] => []);
  const events: { time: number; task: number; rung: number; best: number }[] = [];
  const ends: { task: number; value: number }[] = [];
  let [next, makespan, steps] = [0, 0, 0];
  const begin = (time: number): void => {
    if (next < TASKS) {
      const first = rungs[0] ?? STEPS;
      events.push({ time: time + first, task: next++, rung: 0, best: -Infinity });
    }
  };
  for (let i = 0; i < devices; i++) {
    begin(0);
  }
  while (events.length > 0) {
    events.sort((a, b) => b.time - a.time);
    const { time, task, rung, best } = events.pop()!;
    const step = rungs[rung] ?? STEPS;
    const value = curves[task]!(step) + NOISE * normal(random);
    const others = told[rung];
    makespan = time;
    if (others === undefined) {
      ends.push({ task, value });
      steps += STEPS;
      begin(time);
      continue;
    }
    const comparison = { score: -value, best: Math.max(best, -value), others: [...others] };
    others.push(-value);
    if (rule?.stops(comparison, { kind: 'asha' })) {
      steps += step;
      begin(time);
    } else {
      const after = rungs[rung + 1] ?? STEPS;
      events.push({ time: time + after - step, task, rung: rung + 1, best: comparison.best });
    }
  }
  const winner = ends.reduce((a, b) => (b.value < a.value ? b : a));
  const truths = curves.map(curve => curve(STEPS));
  return {
    ...{ makespan, steps, trained: ends.length },
    regret: truths[winner.task]! - Math.min(...truths)
  };
}

function rungsOf(rule: IStopRule): number[] {
  const first = Math.ceil(STEPS * rule.firstShare - 1e-9);
  const found: number[] = [];
  for (let step = first; step < STEPS; step = Math.round(rule.next(step, first, { kind: 'asha' }))) {
    found.push(step);
  }
  return found;
}

/** The loss of a task after a step: by a power of the step from where all begin to where it ends. */
function curveOf(random: () => number): (step: number) => number {
  const end = 0.2 + random();
  const power = 0.4 + random();
  return step => end + (2.5 - end) * (1 + step) ** -power;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers from 0 to below 1, the same for the same seed (Mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
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
