import { expect, it } from 'vitest';
import { mulberry32 } from '../../../src/core/planner/common/random.js';
import type { Told } from '../../../src/core/session/replay.js';
import type { ISession } from '../../../src/core/session/session.js';
import { isActive } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { AgentHello, Attempt, TaskState } from '../../../src/core/wire/messages.js';
import { devicesInUse } from './deviceUse.js';
import { begunOf, RULES, replansOf, replayed } from './replays.js';
import { cpuNode } from './sessionHarness.js';
import { live, randomWorld } from './world.js';

const WORLDS = process.env.SATURN_NIGHTLY ? 300 : 3;

/** Worlds, each with what its session was told. */
async function lives(first: number): Promise<{ seed: number; devices: number; log: readonly Told[] }[]> {
  const worlds = Array.from({ length: WORLDS }, (_, index) => first + index);
  return Promise.all(
    worlds.map(async seed => {
      const world = randomWorld(seed);
      const { sim } = await live(world, 'pays');
      return { seed, devices: world.devices, log: sim.log };
    })
  );
}

it(
  'by whatever rules it read its journal, an engine goes on with what trains, on devices of its own',
  async () => {
    let going = 0;
    for (const { seed, devices, log } of await lives(7501)) {
      const random = mulberry32(seed);
      for (const [name, rule] of Object.entries(RULES)) {
        for (let cut = 0; cut < 4; cut++) {
          const told = log.slice(0, Math.floor(random() * log.length));
          const truth = replayed(told);
          const training = truth.state.tasks.filter(isActive);
          const known = replayed(told.map(one => rule(one, random)));
          const what = `world ${seed} where ${name}, after ${told.length}`;
          expect(known.state.tasks.map(begunOf), what).toEqual(truth.state.tasks.map(begunOf));
          expect(triedIn(known), what).toEqual(triedIn(truth));
          expect(replansOf(known), what).toEqual(replansOf(truth));
          const hello: AgentHello = {
            node: cpuNode(devices),
            groups: training.flatMap(groupsOf),
            trials: triedIn(truth),
            inspecting: []
          };
          const time = (told.at(-1)?.time ?? 0) + 1;
          const { state } = step(known, { kind: 'agent-connected', hello }, time).session;
          const used = devicesInUse(state);
          expect(new Set(used).size, what).toBe(used.length);
          const alive = state.tasks.filter(isActive).flatMap(numbersOf);
          expect(alive, what).toEqual(expect.arrayContaining(training.flatMap(numbersOf)));
          going += training.length;
        }
      }
    }
    expect(going).toBeGreaterThan(WORLDS);
  },
  15_000 * WORLDS
);

const triedIn = ({ state }: ISession): string[] =>
  state.trials
    .filter(({ status }) => status !== 'queued')
    .map(({ id }) => id)
    .sort();

const attemptsOf = (task: TaskState): Attempt[] => [task.attempts.at(-1)!, ...(task.next ? [task.next] : [])];

const numbersOf = (task: TaskState): string[] =>
  attemptsOf(task).map(({ number }) => `${task.spec.name} ${number}`);

function groupsOf(task: TaskState): AgentHello['groups'] {
  return attemptsOf(task).map(({ number, strategy, devices }) => ({
    task: task.spec.name,
    attempt: number,
    order: { hash: task.spec.hash, strategy, devices }
  }));
}
