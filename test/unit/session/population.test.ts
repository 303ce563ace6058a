import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchange } from '../../../src/core/session/stopRules/pbt.js';
import { chance, type IFate, population, replay, World } from './populationWorld.js';

describe('an exchange', () => {
  it('has the last quarter give way to the first', () => {
    expect(exchange([3, 1, 2, 4])).toEqual({ ranking: [3, 0, 2, 1], best: 1, worst: 1 });
    expect(exchange([1, 2, 3, 4, 5, 6, 7, 8, 9])).toMatchObject({ best: 2, worst: 2 });
    expect(exchange([1, 2, 3])).toMatchObject({ best: 0, worst: 0 });
    expect(exchange([])).toEqual({ ranking: [], best: 0, worst: 0 });
  });

  it('gives the better place of equal ones to the earlier', () => {
    expect(exchange([1, 1, 1, 1]).ranking).toEqual([0, 1, 2, 3]);
  });

  it('has all give way that have diverged, as long as there is somebody to go on from', () => {
    const lost = -Infinity;
    expect(exchange([lost, 1, lost, lost])).toEqual({ ranking: [1, 0, 2, 3], best: 1, worst: 3 });
    expect(exchange([lost, lost, lost, lost])).toMatchObject({ best: 0, worst: 0 });
  });
});

it('members meet at rungs, the worst quarter gives way, and every place is trained to its end', () => {
  fc.assert(
    fc.property(
      fc.record({
        points: fc.integer({ min: 4, max: 9 }),
        devices: fc.integer({ min: 1, max: 5 }),
        order: fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }),
        luck: fc.nat(1000),
        diverges: fc.boolean()
      }),
      ({ points, devices, order, luck, diverges }) => {
        const value = (name: string, at: number): number | null => {
          const number = chance(`${name} ${at} ${luck}`);
          return diverges && number < 0.05 ? null : number;
        };
        const world = new World(population(points), { devices, order, value });
        world.run();
        const { tasks, sim } = world;
        replay(sim);
        expect(sim.session.state.goal).toBe('none');
        const [sweep] = sim.session.state.sweeps!;
        expect(sweep).not.toHaveProperty('renewing');
        const lost = tasks.filter(({ givenUp }) => givenUp?.place !== undefined);
        const made = tasks.filter(({ spec: { warmStart } }) => warmStart?.continues);
        expect(tasks).toHaveLength(points + made.length);
        expect(lost).toHaveLength(made.length);
        expect(tasks.filter(({ status }) => status === 'finished').length).toBeGreaterThan(0);
        if (!diverges) {
          expect(tasks.filter(({ status }) => status === 'finished')).toHaveLength(points);
          expect(made).toHaveLength(4 * Math.floor(points / 4));
          // Two that go on from the same weights with the same values would be trained to the same.
          const begun = made.map(({ spec: { cloneOf, warmStart, params } }) =>
            JSON.stringify([cloneOf, warmStart!.step, params])
          );
          expect(new Set(begun).size).toBe(made.length);
        }
        for (const { spec: member, rungs = [] } of made) {
          const { warmStart, cloneOf, params } = member;
          const parent = tasks.find(({ spec }) => spec.name === cloneOf)!;
          const at = warmStart!.step;
          // A parent was among the best of those that were there at this rung, and nobody went on before all were there.
          expect(parent.rungs?.some(({ step }) => step === at)).toBe(true);
          expect(rungs.every(rung => rung.step > at)).toBe(true);
          expect(params.width).toBe(parent.spec.params.width);
          expect(params.lr).not.toBe(parent.spec.params.lr);
        }
        for (const rung of [10, 20, 30, 40]) {
          const told = sim.log.flatMap(({ event }, place) =>
            event.kind === 'group' && event.event.kind === 'rung' ? [{ place, step: event.event.step! }] : []
          );
          const last = Math.max(...told.filter(one => one.step === rung).map(one => one.place));
          const next = Math.min(...told.filter(one => one.step > rung).map(one => one.place));
          expect(last).toBeLessThan(next);
        }
      }
    ),
    { numRuns: 40 }
  );
});

it('members that train in one run meet as others do, and those that take their place join it', () => {
  const fusion = { base: 'base', sites: 2, rank: 8 };
  const fate: IFate = { devices: 1, order: [2, 0, 1, 3], value: (name, at) => chance(`${name} ${at}`) };
  const world = new World(population(4), fate, () => ({ fusion }));
  world.run();
  replay(world.sim);
  expect(world.runs).toEqual([4, 4, 4, 4, 4]);
  const made = world.tasks.filter(({ spec: member }) => member.warmStart?.continues);
  expect(made.map(({ spec: member }) => member.warmStart!.step)).toEqual([10, 20, 30, 40]);
  expect(world.tasks.filter(({ status }) => status === 'finished')).toHaveLength(4);
  for (const { rungs = [], spec: member } of world.tasks) {
    const from = member.warmStart?.step ?? 0;
    expect(rungs.map(({ step: at }) => at)).toEqual(
      [10, 20, 30, 40].filter(at => at > from).slice(0, rungs.length)
    );
  }
});

it('members over several nodes meet as others do, and go on where the best are', () => {
  const fate: IFate = { devices: 0, order: [0], value: (name, at) => chance(`${name} ${at}`) };
  const world = new World(population(4), fate);
  world.run();
  replay(world.sim);
  const attempts = world.tasks.flatMap(task => task.attempts);
  expect(attempts.length).toBeGreaterThan(4);
  expect(attempts.every(({ strategy, outcome }) => strategy.nodes === 2 && outcome !== 'lost')).toBe(true);
  const made = world.tasks.filter(({ spec: member }) => member.warmStart?.continues);
  expect(made.map(({ spec: member }) => member.warmStart!.step)).toEqual([10, 20, 30, 40]);
  expect(world.tasks.filter(({ status }) => status === 'finished')).toHaveLength(4);
  expect(world.sim.session.state.goal).toBe('none');
});

it('gives way by what was compared, whoever came first, and says so', () => {
  const world = new World(population(4), {
    devices: 1,
    order: [2, 0, 1],
    value: (name, at) => (name.startsWith('m') ? Number(name[1]) : 5 + at)
  });
  world.run();
  const [worst] = world.tasks;
  expect(worst).toMatchObject({ status: 'stopped', givenUp: { rule: 'pbt', step: 10, place: 4, of: 4 } });
  const member = world.tasks[4]!.spec;
  expect(member).toMatchObject({ cloneOf: 'm3', warmStart: { task: 'm3', step: 10, continues: true } });
  expect([3.2e-3, 5e-3]).toContain(member.params.lr);
  expect(world.tasks[5]!.spec.cloneOf).toBe(member.name);
  expect(world.tasks[5]!.spec.warmStart!.checkpoints).toHaveLength(1);
});

it('does not wait for a member that nobody wants trained, and leaves alone what is trained on by hand', () => {
  const world = new World(population(5), { devices: 2, order: [0], value: name => chance(name) });
  world.run(['m1', 'm2', 'm3', 'm4']);
  expect(world.tasks[0]).toMatchObject({ status: 'ready', attempts: [] });
  expect(world.tasks.filter(({ status }) => status === 'finished')).toHaveLength(4);
  const lost = world.tasks.find(({ givenUp }) => givenUp)!.spec.name;
  world.run([lost]);
  expect(world.tasks.find(({ spec }) => spec.name === lost)).toMatchObject({
    status: 'finished',
    spared: true
  });
  replay(world.sim);
});

it('goes on without members that cannot be made, and says why', () => {
  const world = new World(population(4), { devices: 4, order: [0], value: name => chance(name) });
  const error = { code: 'no-checkpoint', message: 'It is gone.' };
  world.renew = sweep => void world.sim.feed({ kind: 'population-renewed', sweep, tasks: [], error });
  world.run();
  expect(world.tasks).toHaveLength(4);
  expect(world.tasks.filter(({ status }) => status === 'finished')).toHaveLength(3);
  expect(world.sim.session.state.notices).toEqual([error]);
});

it('refuses members that could not go on where others are, and loops of their own', () => {
  const fate: IFate = { devices: 2, order: [0], value: () => 1 };
  const wide = new World(population(4), fate, name => (name === 'm2' ? { parameters: 2000 } : {}));
  wide.run();
  expect(wide.tasks.map(({ status, error }) => error?.code ?? status)).toEqual([
    ...['finished', 'finished', 'unlike-members', 'finished']
  ]);
  expect(wide.tasks[2]!.error!.message).toContain('pbt changes lr while it trains');
  expect(wide.tasks[2]!.error!.message).toContain('2000 parameters');
  const chosen = new World(population(4), fate, name => (/^.[13]/.test(name) ? { parameters: 2000 } : {}));
  chosen.run();
  expect(chosen.tasks.some(({ error }) => error)).toBe(false);
  const native = new World(population(4), fate, () => ({ native: 'its own loop' }));
  native.run();
  expect(native.tasks.map(({ error }) => error?.code)).toEqual(Array(4).fill('native-task'));
});

it.each([
  ['no rule any more', undefined],
  ['another rule', { kind: 'asha', first: 10 } as const]
])('lets go of members that wait for each other when their cell, run again, has %s', (_, stop) => {
  const world: World = new World(population(4), {
    devices: 1,
    order: [0],
    value: (name, at) => {
      if (name === 'm2' && at === 10) {
        const { stop: _before, ...rest } = world.sweep;
        const sweep = stop && { sweep: { ...rest, stop } };
        world.sim.feed({ kind: 'tasks-added', tasks: world.tasks.map(({ spec: same }) => same), ...sweep });
      }
      return chance(name);
    }
  });
  world.run();
  replay(world.sim);
  expect(world.sim.session.state.goal).toBe('none');
  expect(world.tasks.map(({ status }) => status)).not.toContain('ready');
  expect(world.tasks.some(({ target }) => target !== undefined)).toBe(false);
  expect(world.tasks.some(({ status }) => status === 'finished')).toBe(true);
});
