import { expect, it } from 'vitest';
import { cellKey, strategyKey } from '../../../src/core/model/strategy.js';
import type { Plan, RunOutcome } from '../../../src/core/wire/messages.js';
import type { SessionHarness } from './sessionHarness.js';
import { type IFate, type IWorld, live, randomWorld, START_SECONDS } from './world.js';

const WORLDS = 12;

/** A world in which nothing happens but what was planned, at other speeds. */
function calm(seed: number, fates: IFate[] = []): IWorld {
  const world = randomWorld(seed, false);
  return { ...world, tasks: world.tasks.map(task => ({ ...task, arrival: 0 })), fates };
}

/** The plan by which training began: those before it were made of fewer tasks, while others were inspected; none where it began without. */
function firstPlan(sim: SessionHarness): Plan | undefined {
  const begun = sim.log.findIndex(({ event }) => event.kind === 'group');
  return sim.log
    .slice(0, begun)
    .flatMap(({ event }) => (event.kind === 'plan-made' ? [event.plan] : []))
    .at(-1);
}

/** How long a plan takes at the true speeds: each device in the plan's order. */
function truly(world: IWorld, { segments }: Plan): number {
  const free = new Map<string, number>();
  for (const { task, strategy, devices, steps } of [...segments].sort((a, b) => a.start - b.start)) {
    const start = Math.max(...devices.map(device => free.get(device) ?? 0));
    const stepSeconds = world.tasks.find(({ name }) => name === task)!.truth.get(strategyKey(strategy))!;
    for (const device of devices) {
      free.set(device, start + START_SECONDS + steps * stepSeconds);
    }
  }
  return Math.max(...free.values());
}

const outcomeOf = (sim: SessionHarness): RunOutcome | undefined => sim.session.state.run?.outcome;

it('the first plan alone takes what it would truly have taken, where its speeds became known', async () => {
  let compared = 0;
  for (let seed = 1; seed <= WORLDS; seed++) {
    const world = calm(seed);
    const { sim } = await live(world, 'pays');
    const { cells, run, replans = [] } = sim.session.state;
    const outcome = outcomeOf(sim);
    expect(outcome?.plans ?? 0).toBe(replans.length);
    for (const { at, took } of replans) {
      expect(took).toBeCloseTo(run!.endedAt! - at, 9);
    }
    const first = firstPlan(sim);
    const trained = new Set(
      cells.filter(one => one.trained !== undefined).map(one => cellKey(one.signature, one.strategy))
    );
    const known = first?.segments.every(({ task, strategy }) =>
      trained.has(cellKey(`sig-${task}`, strategy))
    );
    if (outcome !== undefined) {
      expect(outcome.seconds).toBeCloseTo(run!.endedAt! - run!.startedAt, 9);
      expect(outcome.firstPlanSeconds).toBeGreaterThan(0);
      // What began before there was a plan has started already.
      if (first && known && run!.plannedAt === undefined) {
        expect(outcome.firstPlanSeconds).toBeCloseTo(truly(world, first), 6);
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(0);
});

it('knows of tasks that a rule gave up how far they were to train', async () => {
  let compared = 0;
  for (let seed = 1; seed <= WORLDS; seed++) {
    const world = calm(seed);
    const stop = { kind: 'asha', first: 10 } as const;
    const sweep: IWorld['sweep'] = {
      spec: { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop },
      // From the tenth step on the first task alone is any good.
      loss: name => (name === world.tasks[0]!.name ? 1 : null)
    };
    const { sim, trained } = await live({ ...world, sweep }, 'pays');
    const outcome = outcomeOf(sim);
    if (outcome !== undefined) {
      expect(outcome.firstPlanSeconds).toBeGreaterThan(0);
      const ended = { ...world, tasks: world.tasks.map(one => ({ ...one, steps: trained.get(one.name)! })) };
      const first = firstPlan(sim)!;
      const segments = first.segments.map(one => ({ ...one, steps: trained.get(one.task)! }));
      const unmeasured = segments.some(({ task, strategy }) => {
        const known = sim.session.state.cells.filter(one => one.signature === `sig-${task}`);
        return !known.some(
          one => one.trained !== undefined && strategyKey(one.strategy) === strategyKey(strategy)
        );
      });
      if (!unmeasured && sim.session.state.run!.plannedAt === undefined) {
        expect(outcome.firstPlanSeconds).toBeCloseTo(truly(ended, { ...first, segments }), 6);
        compared++;
      }
    }
  }
  expect(compared).toBeGreaterThan(0);
});

it('is not told of where there came to be something else to do', async () => {
  let told = 0;
  for (let seed = 1; seed <= WORLDS; seed++) {
    const task = calm(seed).tasks[0]!.name;
    const { sim } = await live(calm(seed, [{ at: 6, kind: 'kill', task }]), 'pays');
    if (sim.log.some(({ event }) => event.kind === 'group' && event.event.kind === 'lost')) {
      expect(outcomeOf(sim)?.firstPlanSeconds).toBeUndefined();
      told += outcomeOf(sim)?.plans ?? 0;
    }
  }
  expect(told).toBeGreaterThan(0);
});
