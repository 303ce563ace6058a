import { expect, it } from 'vitest';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import { countRuns } from '../../../src/core/session/fusedRuns.js';
import { isActive } from '../../../src/core/session/session.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { devicesInUse } from './deviceUse.js';
import { assertTold } from './replays.js';
import type { SessionHarness } from './sessionHarness.js';
import { type IOutcome, type IWorld, type IWorldTask, live, randomWorld } from './world.js';

/** How many worlds; the nightly set lives in more. */
const WORLDS = Number(process.env.SATURN_WORLDS ?? (process.env.SATURN_NIGHTLY ? 400 : 12));

/** Milliseconds for all of them, on a busy machine. */
const PATIENCE = 15_000 * WORLDS;

const ALONE = 1;

/** Seconds a step takes of adapters in one run: most of it is the same for however many. */
const together = (count: number): number => ALONE * (0.7 + 0.3 * count);

function adapters(count: number, steps: number, more: Partial<IWorldTask> = {}): IWorldTask[] {
  const speeds = new Map([['single:1', ALONE]]);
  return Array.from({ length: count }, (_, index) => ({
    name: `lora-${index}`,
    signature: 'lora',
    base: 'base',
    steps,
    believed: speeds,
    truth: speeds,
    arrival: 0,
    ...more
  }));
}

function worldOf(tasks: readonly IWorldTask[], devices: number, more: Partial<IWorld> = {}): IWorld {
  return { devices, tasks, together, fates: [], ambushes: [], cramped: false, ...more };
}

/** A world at random in which some tasks are adapters of one model. */
function mixedWorld(seed: number): IWorld {
  const random = mulberry32(seed);
  const world = randomWorld(seed);
  const count = 3 + Math.floor(9 * random());
  const own = adapters(count, 40).map(task => ({
    ...task,
    steps: 30 + Math.floor(40 * random()),
    arrival: random() < 0.2 ? 60 * random() : 0,
    unknown: seed % 2 === 0
  }));
  const most = random() < 0.3 ? 1 + Math.floor(6 * random()) : Infinity;
  const fates = world.fates.map(fate =>
    random() < 0.7 ? { ...fate, task: `lora-${Math.floor(count * random())}` } : fate
  );
  return {
    ...world,
    fates,
    tasks: [...world.tasks.slice(0, 1 + Math.floor(3 * random())), ...own],
    together: k => (k > most ? Infinity : together(k))
  };
}

function assertDevicesOnce(sim: SessionHarness): void {
  const used = devicesInUse(sim.session.state);
  expect(new Set(used).size).toBe(used.length);
}

function assertDone({ sim, trained, lost }: IOutcome, world: string): void {
  const { tasks, goal } = sim.session.state;
  expect(goal, world).toBe('none');
  for (const { spec, status, inspection, checkpointStep = 0, attempts } of tasks) {
    const what = `${spec.name} of ${world}`;
    expect(['finished', 'stopped'], what).toContain(status);
    const kept = (trained.get(spec.name) ?? 0) - (lost.get(spec.name) ?? 0);
    expect(kept, what).toBe(status === 'finished' ? inspection!.steps : checkpointStep);
    expect(attempts.length, what).toBeLessThan(25);
  }
  const plans = sim.log.flatMap(({ event }) => (event.kind === 'plan-made' ? [event.plan] : []));
  expect(
    plans.flatMap(({ fault }) => fault ?? []),
    world
  ).toEqual([]);
  assertTold(sim, world);
}

/** How many tasks were in each run there was. */
function runsIn({ tasks }: SessionState): number[] {
  const counts = new Map<string, number>();
  for (const { fusion } of tasks.flatMap(({ attempts }) => attempts)) {
    if (fusion !== undefined) {
      counts.set(fusion, (counts.get(fusion) ?? 0) + 1);
    }
  }
  return [...counts.values()];
}

it('sixteen adapters on two devices are two runs, and done in less than half the time', async () => {
  const alone = await live(
    worldOf(
      adapters(16, 300).map(({ base: _, ...task }) => task),
      2
    ),
    'pays'
  );
  const fused = await live(worldOf(adapters(16, 300), 2), 'pays', assertDevicesOnce);
  assertDone(fused, 'sixteen');
  expect(runsIn(fused.sim.session.state)).toEqual([8, 8]);
  expect(alone.seconds / fused.seconds).toBeGreaterThan(2);
  const { plan } = fused.sim.log.flatMap(({ event }) => (event.kind === 'plan-made' ? [event] : [])).at(-1)!;
  expect(plan.optimal).toBe(true);
});

it('adapters of three ranks of which nothing is measured are tried together, and train so', async () => {
  const speeds = new Map([
    ['single:1', 0.05],
    ['ddp:2', 0.08]
  ]);
  const tasks = adapters(24, 200, { believed: speeds, truth: speeds, unknown: true }).map((task, index) => ({
    ...task,
    signature: `rank ${index % 3}`
  }));
  const world = worldOf(tasks, 2, { together: count => 0.05 * (0.7 + 0.3 * count) });
  const { sim } = await live(world, 'pays', assertDevicesOnce);
  const runs = runsIn(sim.session.state);
  expect(runs.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(20);
});

it(
  'in any world with adapters each step is made once in the end, on devices of its own, and replay is exact',
  async () => {
    let fused = 0;
    let most = 0;
    for (let seed = 1; seed <= WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await live(mixedWorld(seed), policy, sim => {
        assertDevicesOnce(sim);
        most = Math.max(most, countRuns(sim.session.state.tasks.filter(isActive)));
      });
      assertDone(outcome, `world ${seed}`);
      fused += runsIn(outcome.sim.session.state).length;
    }
    expect(fused).toBeGreaterThan(WORLDS / 3);
    expect(most).toBeLessThanOrEqual(4);
  },
  PATIENCE
);
