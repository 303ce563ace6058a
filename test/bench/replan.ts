/**
 * `npm run bench -- replan`: planning anew, 0.3 of the way through a plan, within a fraction of a second, against
 * planning the same question without the earlier plan for ten seconds. `--seeds 5 --seconds 10 --sizes 12,24` change it.
 */
import { parseArgs } from 'node:util';
import { checkPlan } from '../../src/core/model/checker/checker.js';
import { plan } from '../../src/core/planner/plan.js';
import type { PlanRequest } from '../../src/core/wire/messages.js';
import { sweeps, textWorkload } from './problemGenerator.js';
import { replanCase, withSteps } from './replanCase.js';

/** Seconds for planning anew. */
const BUDGETS = [0.1, 0.2, 0.5];

/** Iterations of the plan that is begun. */
const BEGUN = 100_000;

const CASES: Record<string, (seed: number) => PlanRequest> = {
  '12txt': seed => textWorkload(seed, 12, 1).request,
  '12': seed => sweeps(seed, 12, 1).request,
  '24': seed => sweeps(seed, 24, 2).request,
  '48': seed => sweeps(seed, 48, 4).request,
  '100': seed => sweeps(seed, 100, 8).request
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    sizes: { type: 'string', default: Object.keys(CASES).join() }
  }
});

console.log('Longer than the plan made from scratch, seconds taken, running tasks moved.');
for (const size of values.sizes.split(',')) {
  for (let seed = 101; seed < 101 + Number(values.seeds); seed++) {
    const question = withSteps(CASES[size]!(seed));
    const begun = await plan({ ...question, budget: { iterations: BEGUN } });
    const later = replanCase(question, begun.segments, seed);
    const { previous: _, ...unknown } = later;
    const scratch = await plan({ ...unknown, budget: { seconds: Number(values.seconds) } });
    const cells = [`${size.padEnd(6)} #${seed}`];
    for (const seconds of BUDGETS) {
      cells.push(await measure({ ...later, budget: { seconds } }, scratch.makespan));
    }
    console.log(cells.join('   '));
  }
}

async function measure(request: PlanRequest, scratch: number): Promise<string> {
  const started = performance.now();
  const made = await plan(request);
  const took = (performance.now() - started) / 1000;
  const wrong = checkPlan(request, made);
  if (wrong.length > 0) {
    throw new Error(`The plan is not valid: ${wrong.join(' ')}`);
  }
  const places = new Map(made.segments.map(segment => [segment.task, segment]));
  const moved = request.tasks.filter(({ name, running }) => {
    const place = places.get(name)!;
    return running !== undefined && (place.node !== running.node || (place.overheadSeconds ?? 0) > 0);
  });
  const longer = `${(100 * (made.makespan / scratch - 1)).toFixed(2)} %`;
  return `${longer.padStart(8)} ${took.toFixed(2)} s ${moved.length} moved`;
}
