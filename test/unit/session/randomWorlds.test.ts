import { expect, it } from 'vitest';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { SessionHarness } from './sessionHarness.js';
import { devicesInUse, idleBesideWork, live, randomWorld } from './world.js';

/** How many worlds; the nightly set lives in more. */
const WORLDS = Number(process.env.SATURN_WORLDS ?? (process.env.SATURN_NIGHTLY ? 1000 : 40));

/** Milliseconds for all of them, on a busy machine. */
const PATIENCE = 15_000 * WORLDS;

function assertDevicesOnce(sim: SessionHarness): void {
  const used = devicesInUse(sim.session.state);
  expect(new Set(used).size).toBe(used.length);
  expect(idleBesideWork(sim)).toEqual([]);
}

it(
  'in any world every task does each step once in the end, on devices of its own, and replay is exact',
  async () => {
    let moves = 0;
    for (let seed = 1; seed <= WORLDS; seed++) {
      const world = randomWorld(seed);
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await live(world, policy, assertDevicesOnce);
      const { sim, trained, lost } = outcome;
      moves += outcome.moves;
      const { tasks, goal } = sim.session.state;
      expect(goal, `world ${seed}`).toBe('none');
      for (const { spec, status, inspection, checkpointStep = 0, attempts } of tasks) {
        const what = `${spec.name} of world ${seed}`;
        expect(['finished', 'stopped'], what).toContain(status);
        const kept = (trained.get(spec.name) ?? 0) - (lost.get(spec.name) ?? 0);
        expect(kept, what).toBe(status === 'finished' ? inspection!.steps : checkpointStep);
        expect(attempts.length, what).toBeLessThan(25);
      }
      let replayed = emptySession('test', '/tmp/test');
      for (const { event, time } of sim.log) {
        replayed = step(replayed, event, time).session;
      }
      expect(replayed).toEqual(sim.session);
    }
    expect(moves).toBeGreaterThan(0);
  },
  PATIENCE
);

it(
  'wrong estimates cost less with moves than without, and rarely more',
  async () => {
    const ratios: number[] = [];
    let moves = 0;
    let tasks = 0;
    for (let seed = 1001; seed <= 1000 + WORLDS; seed++) {
      const world = randomWorld(seed, false);
      const without = await live(world, 'never');
      const moved = await live(world, 'pays');
      ratios.push(moved.seconds / without.seconds);
      moves += moved.moves;
      tasks += world.tasks.length;
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(mean).toBeLessThan(0.97);
    // What is learnt too late is bad luck: no rule knows which tasks come later, nor how fast they are.
    const share = (bound: number): number => ratios.filter(ratio => ratio > bound).length / WORLDS;
    expect(share(1.05)).toBeLessThanOrEqual(0.05);
    expect(share(1.1)).toBeLessThanOrEqual(0.02);
    expect(moves / tasks).toBeLessThan(1);
  },
  PATIENCE
);
