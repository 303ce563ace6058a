import { expect, it } from 'vitest';
import { summary } from '../../bench/live/report.js';
import { clairvoyant, smallScene, stopsScene, withCellErrors } from '../../bench/live/scenes.js';
import { playVirtually } from '../../bench/live/virtual.js';
import { waysAt } from '../../bench/live/ways.js';
import { plannerPolicy } from '../../bench/simulation/policy.js';

const withoutHighs = plannerPolicy({ budget: { iterations: 20_000 } });

const WITHOUT_HIGHS = () => Promise.reject(new Error('The search alone finds these plans.'));

it('a session on virtual time takes as long as the simulator says of its plan where estimates are true', async () => {
  const { once, waiting } = waysAt(1, WITHOUT_HIGHS);
  const scenario = smallScene({ start: () => 0.1, end: () => 0 });
  const expected = await playVirtually(scenario, { ...once, simulated: withoutHighs });
  const session = await playVirtually(scenario, waiting);
  expect(session.switches).toBe(0);
  expect(session.makespan).toBeCloseTo(expected.makespan, 3);
}, 60_000);

it('moves pay where estimates of single strategies are wrong', async () => {
  const { waiting, moves } = waysAt(1, WITHOUT_HIGHS);
  const ratios: number[] = [];
  for (let seed = 1; seed <= 2; seed++) {
    const long = smallScene({ start: () => 0.01, end: () => 0.01 }, 100);
    const scenario = withCellErrors(long, 0.3, seed);
    const stays = await playVirtually(scenario, waiting);
    ratios.push((await playVirtually(scenario, moves)).makespan / stays.makespan);
  }
  expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(0.97);
}, 60_000);

it('draws are compared with the plan made once in the same draw', () => {
  const run = (policy: string, draw: number, makespan: number) => ({
    setting: 's',
    draw,
    policy,
    simulated: { makespan, switches: 0 }
  });
  expect(
    summary([
      run('planned once', 1, 10),
      run('introspection', 1, 8),
      run('planned once', 2, 100),
      run('introspection', 2, 60),
      { setting: 's', draw: 2, policy: 'fixed interval', refused: 'It was given up.' }
    ])
  ).toEqual(['s', '  introspection         0.700 of planned once, spread 0.141, 0.600 to 0.800 in 2 draws']);
});

it('a session whose rule ends most tasks takes little longer than one that knows which', async () => {
  const { moves } = waysAt(1, WITHOUT_HIGHS);
  const scenario = stopsScene(1, 1, { start: () => 0.5, end: () => 0.2 });
  const knows = await playVirtually(clairvoyant(scenario), moves);
  const ours = await playVirtually(scenario, moves);
  expect(ours.makespan).toBeGreaterThan(knows.makespan);
  expect(ours.makespan / knows.makespan).toBeLessThan(1.3);
}, 60_000);
