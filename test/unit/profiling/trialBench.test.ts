import { expect, it } from 'vitest';
import { GRID_CELLS, paperGroundTruth } from '../../bench/trials/groundTruth.js';
import { makespanOf, omniscient, profile } from '../../bench/trials/profilingRun.js';

/** Small enough for a test; `npm run bench:trials` has more worlds and a longer search. */
const BUDGET = { iterations: 5000 };

it('an eighth of the grid is enough for a good plan, and the same eighth each time', async () => {
  const world = paperGroundTruth('txt', 1);
  const { state, trials } = await profile(world, 1);
  expect(trials.length).toBeLessThanOrEqual(GRID_CELLS / 8);
  const reached = await makespanOf(world, state, BUDGET);
  const best = await makespanOf(world, omniscient(world, state), BUDGET);
  expect(reached / best - 1).toBeLessThan(0.03);
  expect((await profile(paperGroundTruth('txt', 1), 1)).trials).toEqual(trials);
});
