import { expect, it } from 'vitest';
import { isPaused } from '../../../src/core/model/sweepTasks.js';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import type { StopRule, TaskState } from '../../../src/core/wire/messages.js';
import { devicesInUse } from './deviceUse.js';
import { assertTold } from './replays.js';
import { type IOutcome, type IWorld, live, randomWorld } from './world.js';

const WORLDS = Number(process.env.SATURN_WORLDS ?? (process.env.SATURN_NIGHTLY ? 1000 : 15));
const PATIENCE = 15_000 * WORLDS;

/** A world in which tasks are compared, some of them quite as good as others. */
function compared(seed: number, stop: StopRule, hard: boolean): IWorld {
  const world = randomWorld(seed);
  const random = mulberry32(seed + 7);
  const quality = new Map(world.tasks.map(({ name }) => [name, Math.floor(6 * random()) + 1]));
  const blows = new Set(['kill', 'kill next', 'agent dies', 'engine dies']);
  return {
    ...world,
    // As many steps for all, so that each is at each rung.
    tasks: world.tasks.map(task => ({ ...task, steps: 81 })),
    fates: hard ? world.fates : world.fates.filter(({ kind }) => blows.has(kind)),
    ambushes: hard ? world.ambushes : world.ambushes.filter(({ kind }) => blows.has(kind)),
    sweep: {
      spec: { name: 'fn', space: { x: { values: [1] } }, search: 'grid', seed: 0, stop },
      loss: (task, at) => quality.get(task)! + 1 / at
    }
  };
}

/** Whatever has happened, it happens again when the journal is read, and each rung counts once. */
function assertSame({ sim }: IOutcome, world: string): void {
  assertTold(sim, world);
  for (const { rungs = [], status, givenUp } of sim.session.state.tasks) {
    const steps = rungs.map(rung => rung.step);
    expect(steps, world).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(
      rungs.every(({ value }) => value! > 0),
      world
    ).toBe(true);
    expect(givenUp === undefined || status === 'stopped', world).toBe(true);
  }
}

interface IArrival {
  readonly task: string;
  readonly step: number;
  readonly loss: number;
}

/** What was told of tasks at rungs and taken in, in order. */
function arrivals({ sim }: IOutcome): IArrival[] {
  const found = new Map<string, IArrival>();
  for (const { event } of sim.log) {
    if (event.kind !== 'group' || event.event.kind !== 'rung') {
      continue;
    }
    const { task, step: at = 0, loss } = event.event;
    const known = sim.session.state.tasks
      .find(({ spec }) => spec.name === task)
      ?.rungs?.find(rung => rung.step === at);
    const key = `${task} ${at}`;
    if (known && known.value === loss && !found.has(key)) {
      found.set(key, { task, step: at, loss: loss! });
    }
  }
  return [...found.values()];
}

it(
  'whatever dies, a task is given up where it is not among the best third of those before it, or waits until that is known',
  async () => {
    let [given, trained, paused] = [0, 0, 0];
    for (let seed = 1; seed <= WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await live(compared(seed, { kind: 'asha' }, false), policy, sim => {
        const used = devicesInUse(sim.session.state);
        expect(new Set(used).size).toBe(used.length);
        paused += Number(sim.session.state.tasks.some(isPaused));
      });
      const world = `world ${seed}`;
      assertSame(outcome, world);
      const all = arrivals(outcome);
      const ends = new Map<string, TaskState['givenUp']>();
      all.forEach(({ task, step: at, loss }, place) => {
        const before = all.slice(0, place).filter(other => other.step === at);
        const rank = 1 + before.filter(other => other.loss <= loss).length;
        if (rank > Math.max(1, Math.floor((before.length + 1) / 3))) {
          expect(ends.has(task), world).toBe(false);
          ends.set(task, { rule: 'asha', step: at, place: rank, of: before.length + 1 });
        }
      });
      for (const { spec, status, givenUp } of outcome.sim.session.state.tasks) {
        const end = ends.get(spec.name);
        const what = `${spec.name} of ${world}`;
        if (givenUp && end === undefined) {
          // It was the first of too few there.
          const { step: at, place = 0, of = 0 } = givenUp;
          const there = all.filter(other => other.step === at);
          const come = there.findIndex(({ task }) => task === spec.name);
          const { loss } = there[come]!;
          expect(come, what).toBeLessThan(2);
          expect(place, what).toBeGreaterThan(Math.max(1, Math.floor(of / 3)));
          expect(there.slice(0, of).filter(other => other.loss < loss).length, what).toBeLessThan(place);
          expect(there.slice(0, of).filter(other => other.loss <= loss).length, what).toBeGreaterThanOrEqual(
            place
          );
        } else {
          expect(givenUp, what).toEqual(status === 'finished' ? undefined : end);
        }
        expect(status, what).toBe(givenUp ? 'stopped' : 'finished');
        given += Number(givenUp !== undefined);
        trained += Number(status === 'finished');
      }
    }
    expect(given).toBeGreaterThan(WORLDS);
    expect(trained).toBeGreaterThanOrEqual(WORLDS);
    expect(paused).toBeGreaterThan(WORLDS);
  },
  PATIENCE
);

it(
  'whatever dies, promotion has the best third go on of all that came to a rung, and gives up no other than the rest',
  async () => {
    for (let seed = 8001; seed <= 8000 + WORLDS; seed++) {
      const policy = (['pays', 'planned', 'never'] as const)[seed % 3]!;
      const outcome = await live(compared(seed, { kind: 'asha', promote: true }, false), policy);
      const world = `world ${seed}`;
      assertSame(outcome, world);
      const { tasks } = outcome.sim.session.state;
      for (const at of new Set(tasks.flatMap(({ rungs = [] }) => rungs.map(({ step: one }) => one)))) {
        const lossOf = ({ rungs = [] }: TaskState): number | undefined =>
          rungs.find(({ step: one }) => one === at)?.value ?? undefined;
        const there = tasks.filter(task => lossOf(task) !== undefined);
        const best = [...there].sort((a, b) => lossOf(a)! - lossOf(b)!);
        const last = lossOf(best[Math.max(0, Math.floor(there.length / 3) - 1)]!)!;
        const over = there.filter(({ givenUp }) => givenUp?.step === at);
        expect(over.length, world).toBeLessThan(there.length);
        for (const task of there) {
          expect(['finished', 'stopped'], world).toContain(task.status);
          expect(lossOf(task)! >= last || !over.includes(task), `${task.spec.name} of ${world}`).toBe(true);
        }
      }
    }
  },
  PATIENCE
);

it(
  'whoever stops, resumes and removes tasks, a replay decides the same, by either rule',
  async () => {
    const rules: StopRule[] = [{ kind: 'asha' }, { kind: 'median' }, { kind: 'asha', promote: true }];
    for (let seed = 5001; seed <= 5000 + WORLDS; seed++) {
      const outcome = await live(compared(seed, rules[seed % 3]!, true), 'pays');
      assertSame(outcome, `world ${seed}`);
      for (const { status } of outcome.sim.session.state.tasks) {
        expect(['finished', 'stopped'], `world ${seed}`).toContain(status);
      }
      expect(outcome.sim.session.state.goal).toBe('none');
    }
  },
  PATIENCE
);
