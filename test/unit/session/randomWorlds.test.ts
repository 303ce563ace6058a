import { expect, it } from 'vitest';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import type { StopRule } from '../../../src/core/wire/messages.js';
import { devicesInUse, idleBesideWork } from './deviceUse.js';
import { assertTold } from './replays.js';
import type { SessionHarness } from './sessionHarness.js';
import { type IOutcome, type IWorld, live, randomWorld } from './world.js';

/** How many worlds; the nightly set lives in more. */
const WORLDS = Number(process.env.SATURN_WORLDS ?? (process.env.SATURN_NIGHTLY ? 1000 : 40));

/** How many of those with a rule, which take the longest. */
const RULED = WORLDS > 100 ? WORLDS : Math.ceil(WORLDS / 3);

/** Milliseconds for all of them, on a busy machine. */
const PATIENCE = 15_000 * WORLDS;

function assertDevicesOnce(sim: SessionHarness): void {
  const used = devicesInUse(sim.session.state);
  expect(new Set(used).size).toBe(used.length);
  expect(idleBesideWork(sim)).toEqual([]);
}

/** Every task has done each step once, or is stopped where it was saved; nothing is lost in a replay. */
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
  assertTold(sim, world);
}

/** A world of whose tasks nothing was measured. */
function unknown(world: IWorld): IWorld {
  return { ...world, tasks: world.tasks.map(task => ({ ...task, unknown: true })) };
}

it(
  'in any world every task does each step once in the end, on devices of its own, and replay is exact',
  async () => {
    let moves = 0;
    for (let seed = 1; seed <= WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await live(randomWorld(seed), policy, assertDevicesOnce);
      moves += outcome.moves;
      assertDone(outcome, `world ${seed}`);
    }
    expect(moves).toBeGreaterThan(0);
  },
  PATIENCE
);

it(
  'in a world of which nothing is known it is the same, and all is found out by training',
  async () => {
    let explored = 0;
    for (let seed = 2001; seed <= 2000 + WORLDS; seed++) {
      const outcome = await live(unknown(randomWorld(seed)), 'pays', assertDevicesOnce);
      assertDone(outcome, `world ${seed}`);
      const { tasks } = outcome.sim.session.state;
      explored += tasks.flatMap(({ attempts }) => attempts).filter(({ explores }) => explores).length;
    }
    expect(explored).toBeGreaterThan(WORLDS);
  },
  PATIENCE
);

it(
  'in a world whose runs begin by what one device needs it is the same, whether the rest is found or lost',
  async () => {
    let [begun, moved] = [0, 0];
    for (let seed = 6001; seed <= 6000 + WORLDS; seed++) {
      const restLost = seed % 4 === 0;
      const outcome = await live({ ...unknown(randomWorld(seed)), restLost }, 'pays', assertDevicesOnce);
      assertDone(outcome, `world ${seed}`);
      const { log } = outcome.sim;
      begun += log.filter(
        ({ event }) => event.kind === 'inspected' && event.result?.inspection?.partial
      ).length;
      moved += outcome.moves;
    }
    expect(begun).toBeGreaterThan(WORLDS);
    expect(moved).toBeGreaterThan(0);
  },
  PATIENCE
);

/** A world in whose sweep tasks are given up early, by scores at random; now and then one is no number. */
function ruled(world: IWorld, seed: number): IWorld {
  const random = mulberry32(seed);
  const good = new Map(world.tasks.map(({ name }) => [name, random()]));
  const rules: StopRule[] = [
    { kind: 'asha', first: 3 },
    { kind: 'asha', eta: 2, first: 8 },
    { kind: 'asha', first: 5, promote: true },
    { kind: 'median' }
  ];
  const stop = rules[Math.floor(4 * random())]!;
  const space = { x: { values: [1] } };
  const loss = (task: string, step: number): number | null => {
    const quality = good.get(task)!;
    return step > 90 * quality + 5 ? null : 2 - quality + Math.sin(step + 100 * quality) / 10;
  };
  return { ...world, sweep: { spec: { name: 'fn', space, search: 'grid', seed: 0, stop }, loss } };
}

it(
  'in a world whose tasks a rule gives up it is the same, and what is likely to be left is planned',
  async () => {
    let [given, likely, moves, count] = [0, 0, 0, 0];
    for (let seed = 5001; seed <= 5000 + RULED; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const world = ruled(randomWorld(seed), seed);
      const outcome = await live(seed % 4 === 0 ? unknown(world) : world, policy, assertDevicesOnce);
      assertDone(outcome, `world ${seed}`);
      const { sim } = outcome;
      given += sim.session.state.tasks.filter(({ givenUp }) => givenUp).length;
      likely += sim.log.filter(({ event }) => event.kind === 'plan-made' && event.plan.atMost).length;
      moves += outcome.moves;
      count += world.tasks.length;
    }
    expect(given).toBeGreaterThan(RULED);
    expect(likely).toBeGreaterThan(RULED);
    expect(moves / count).toBeLessThan(1.5);
  },
  PATIENCE
);

/** A world in which half of the tasks are planned, and the others then added: of those nothing is known, and they take long to build. */
function grown(world: IWorld): IWorld {
  const tasks = world.tasks.map((task, index) =>
    index % 2 === 0
      ? { ...task, arrival: 0 }
      : { ...task, arrival: task.arrival || 1, factorySeconds: 8, unknown: true }
  );
  return { ...world, tasks, fates: [], ambushes: [], plannedFirst: world.tasks.length % 2 === 0 };
}

it(
  'in a world to which slow factories come no device waits beside a task that is planned there',
  async () => {
    for (let seed = 4001; seed <= 4000 + WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      assertDone(await live(grown(randomWorld(seed)), policy, assertDevicesOnce), `world ${seed}`);
    }
  },
  PATIENCE
);

it(
  'what is measured by training makes a run shorter than what is measured before it',
  async () => {
    const ratios: number[] = [];
    for (let seed = 3001; seed <= 3000 + WORLDS; seed++) {
      const world = unknown(randomWorld(seed, false));
      const before = await live(world, 'never');
      const meanwhile = await live(world, 'pays');
      ratios.push(meanwhile.seconds / before.seconds);
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(mean).toBeLessThan(0.97);
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
