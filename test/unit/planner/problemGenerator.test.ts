import { describe, expect, it } from 'vitest';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { type IWorkload, sweeps, textWorkload } from '../../bench/problemGenerator.js';

/** Numbers that change with any change to the generator: benchmark results would no longer compare. */
function fingerprint({ request, types }: IWorkload) {
  const cells = request.tasks.flatMap(task => task.options);
  const hash = cells.reduce(
    (h, { strategy, stepSeconds }) => (Math.imul(h, 31) + strategy.devices * 1000003 + stepSeconds) >>> 0,
    0
  );
  const problem = toProblem(request);
  const seconds = problem.jobs.map(({ configs }) => configs.at(-1)!.seconds);
  return [
    cells.length,
    cells.reduce((sum, { stepSeconds }) => sum + stepSeconds, 0),
    hash,
    types,
    // Whole seconds: run times are, so that no plan ends between two.
    Math.ceil(lowerBound(problem).seconds - 1e-3),
    Math.max(...seconds)
  ];
}

describe('generated workloads', () => {
  it.each([
    ['8/1x8', sweeps(1, 8, 1), [174, 4468814, 1552292808, 4, 43996, 13583]],
    ['12 text/1x8', textWorkload(1, 12, 1), [213, 14720229, 1026285715, 4, 215828, 48288]],
    ['24/2x8', sweeps(1, 24, 2), [426, 27195626, 2969794198, 8, 271202, 63547]],
    ['48/4x8', sweeps(1, 48, 4), [866, 52158910, 2425559750, 14, 235308, 63547]],
    ['100/8x8', sweeps(1, 100, 8), [1940, 80014012, 682466034, 26, 161027, 63547]],
    ['256/16x8', sweeps(1, 256, 16), [5200, 165520609, 1323974566, 69, 156064, 98576]],
    ['1000/64x8', sweeps(1, 1000, 64), [19734, 736699619, 98047999, 256, 157114, 98576]]
  ])('%s is the same as ever', (_, workload, expected) => {
    expect(fingerprint(workload)).toEqual(expected);
  });
});
