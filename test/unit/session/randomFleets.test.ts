import { expect, it } from 'vitest';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { devicesInUse, idleBesideWork } from './deviceUse.js';
import { type Fleet, type IFleetOutcome, type IFleetWorld, type INodeFate, liveOnNodes } from './fleet.js';
import { assertTold } from './replays.js';
import type { SessionHarness } from './sessionHarness.js';
import { randomWorld } from './world.js';

/** How many worlds; the nightly set lives in more. */
const WORLDS = Number(process.env.SATURN_WORLDS ?? (process.env.SATURN_NIGHTLY ? 1000 : 40));

/** Milliseconds for all of them, on a busy machine. */
const PATIENCE = 15_000 * WORLDS;

/** A world on two or three nodes that die, are cut off, come back and join. */
function randomFleet(seed: number): IFleetWorld {
  const random = mulberry32(seed * 7919);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(all.length * random())]!;
  const world = randomWorld(seed);
  const ids = random() < 0.5 ? ['far'] : ['far', 'farther'];
  const far = Object.fromEntries(ids.map(id => [id, pick([1, 2, world.devices])]));
  const kinds = ['gone', 'dies', 'cut', 'cut', 'engine dies', 'joins'] as const;
  const nodeFates = Array.from({ length: 1 + Math.floor(6 * random()) }, (): INodeFate => {
    const kind = pick(kinds);
    return {
      kind,
      at: 2 + 150 * random(),
      node: kind === 'joins' ? 'late' : pick(ids),
      seconds: pick([1, 4, 10, 13, 16, 20, 40, 90]) * (0.8 + 0.4 * random())
    };
  });
  // The session's own agent and engine have fates of their own elsewhere.
  const fates = world.fates.filter(({ kind }) => kind !== 'agent dies' && kind !== 'engine dies');
  const ambushes = world.ambushes.filter(
    ({ kind }) => kind !== 'agent dies' && kind !== 'engine dies' && kind !== 'engine dies before'
  );
  const isUnknown = random() < 0.3;
  const tasks = world.tasks.map(task => (isUnknown ? { ...task, unknown: true } : task));
  return { ...world, tasks, far, nodeFates, fates, ambushes };
}

/** As the engine sees it no device is used twice; in truth no task is trained twice. */
function assertSane(sim: SessionHarness, fleet: Fleet): void {
  const used = devicesInUse(sim.session.state);
  expect(new Set(used).size).toBe(used.length);
  expect(idleBesideWork(sim)).toEqual([]);
  const trained = fleet.training.map(({ start }) => start.task.name);
  expect(trained).toEqual([...new Set(trained)]);
  const places = new Set(sim.session.state.cluster?.nodes.map(({ id }) => id));
  for (const { status, attempts } of sim.session.state.tasks) {
    if (status === 'starting' || status === 'running' || status === 'stopping') {
      expect(places).toContain(attempts.at(-1)?.node);
    }
  }
}

function assertDone({ sim, trained, lost, saved }: IFleetOutcome, world: string): void {
  const { tasks, goal } = sim.session.state;
  expect(goal, world).toBe('none');
  for (const { spec, status, inspection } of tasks) {
    const what = `${spec.name} of ${world}`;
    expect(['finished', 'stopped'], what).toContain(status);
    const kept = (trained.get(spec.name) ?? 0) - (lost.get(spec.name) ?? 0);
    expect(kept, what).toBe(status === 'finished' ? inspection!.steps : (saved.get(spec.name) ?? 0));
  }
  assertTold(sim, world);
}

it(
  'on nodes that die, are cut off, come back and join every task does each step once in the end, and replay is exact',
  async () => {
    let losses = 0;
    for (let seed = 1; seed <= WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await liveOnNodes(randomFleet(seed), policy, assertSane).catch((error: Error) => {
        throw new Error(`fleet ${seed}: ${error.message}`, { cause: error });
      });
      assertDone(outcome, `fleet ${seed}`);
      losses += outcome.losses;
    }
    expect(losses).toBeGreaterThan(WORLDS / 4);
  },
  PATIENCE
);
