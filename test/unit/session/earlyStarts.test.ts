import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeDevices } from '../../../src/core/session/dispatch.js';
import type { GroupStart, ProfileCell } from '../../../src/core/wire/messages.js';
import { replayed } from './replays.js';
import { inspection, SessionHarness, STRATEGIES, spec } from './sessionHarness.js';

/** A run that is asked for before any of its tasks is inspected. */
function asked(
  names: readonly string[],
  devices: number,
  known: readonly ProfileCell[] = []
): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(devices);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  if (known.length > 0) {
    sim.feed({ kind: 'cells-recalled', cells: [...known] });
  }
  sim.feed({ kind: 'run-requested' });
  sim.take('inspect');
  return sim;
}

function inspect(sim: SessionHarness, task: string, signature = `sig-${task}`): void {
  sim.feed({ kind: 'inspected', result: { task, hash: 'h', inspection: inspection(signature) } });
}

const starts = (sim: SessionHarness): GroupStart[] => sim.take('start').map(({ body }) => body);

/** What is known of a signature: two devices take as long as one, so that one each makes the most of them. */
const cellsOf = (signature: string): ProfileCell[] =>
  STRATEGIES.map(strategy => ({ signature, strategy, status: 'ok', source: 'measured', stepSeconds: 1 }));

describe('a run whose tasks are inspected still', () => {
  it('begins with the first, and with each other as it comes', () => {
    const sim = asked(['a', 'b', 'c', 'd'], 2);
    expect(starts(sim)).toEqual([]);
    inspect(sim, 'a');
    const [a, ...none] = starts(sim);
    expect(none).toEqual([]);
    expect(a).toMatchObject({ task: { name: 'a' }, explores: true, strategy: { technique: 'single' } });
    inspect(sim, 'b');
    const [b] = starts(sim);
    expect(b).toMatchObject({ task: { name: 'b' }, explores: true });
    expect(b!.devices).not.toEqual(a!.devices);
    expect([sim.status('c'), sim.status('d')]).toEqual(['inspecting', 'inspecting']);
    inspect(sim, 'c');
    inspect(sim, 'd');
    sim.finish(a!);
    sim.finish(b!);
    sim.settle();
    expect(sim.session.state.tasks.map(({ status }) => status)).toEqual(Array(4).fill('finished'));
    expect(sim.session.state.goal).toBe('none');
  });

  it('begins what is of a kind that is known without a trial, and makes no plan before all are there', () => {
    const sim = asked(['a', 'b', 'c', 'd'], 2);
    for (const name of ['a', 'b', 'c']) {
      inspect(sim, name, 'sig');
    }
    const [a] = starts(sim);
    sim.group('a', 1, 'started', { step: 0 });
    sim.measure(a!);
    const [b, ...none] = starts(sim);
    expect(b).toMatchObject({ task: { name: 'b' }, strategy: { technique: 'single' } });
    expect([none, b!.explores, sim.take('plan')]).toEqual([[], undefined, []]);
    sim.group('b', 1, 'started', { step: 0 });
    sim.group('a', 1, 'finished', { step: 10 });
    expect(starts(sim)).toMatchObject([{ task: { name: 'c' } }]);
    inspect(sim, 'd', 'sig');
    expect(sim.session.state.planning || sim.session.state.probing).toBe(true);
  });

  it('asks for a plan of what is there where there is a choice, and room for it', () => {
    const sim = asked(['a', 'b'], 4, cellsOf('sig'));
    inspect(sim, 'a', 'sig');
    expect(starts(sim)).toEqual([]);
    const [first] = sim.take('plan');
    expect(first!.request.tasks.map(({ name }) => name)).toEqual(['a']);
    sim.perform(first!);
    for (const command of sim.take('plan')) {
      sim.perform(command);
    }
    expect(starts(sim)).toMatchObject([{ task: { name: 'a' } }]);
    expect(sim.status('b')).toBe('inspecting');
  });

  it('leaves to a plan what only that can weigh', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b', 'c'].map(name => spec(name)) });
    sim.feed({ kind: 'cells-recalled', cells: cellsOf('sig') });
    sim.feed({ kind: 'wishes-set', session: { set: { deviceSeconds: 15 } } });
    sim.feed({ kind: 'run-requested' });
    inspect(sim, 'a', 'sig');
    expect(starts(sim)).toEqual([]);
    expect(sim.take('plan')).toHaveLength(1);
  });

  it('has what can be trained in one run with others wait for those of its sweep', () => {
    const sim = asked(['a', 'b', 'c'], 1, cellsOf('sig'));
    const fusion = { base: 'base', sites: 2, rank: 8 };
    const found = { ...inspection('sig'), fusion };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    expect([starts(sim), sim.take('plan')]).toEqual([[], []]);
  });

  it('lets a task end that has little left, rather than stop it for a trial', () => {
    const sim = asked(['a', 'b', 'c'], 1);
    inspect(sim, 'a');
    const [a] = starts(sim);
    sim.group('a', 1, 'started', { step: 0 });
    // Nine of its ten steps take nine seconds.
    sim.time += 8;
    sim.measure(a!);
    inspect(sim, 'b');
    expect(sim.take('stop')).toEqual([]);
    sim.group('a', 1, 'finished', { step: 10 });
    expect(starts(sim)).toMatchObject([{ task: { name: 'b' }, explores: true }]);
  });

  it('refuses one that cannot be built, and trains the others', () => {
    const sim = asked(['a', 'b'], 1);
    const error = { code: 'task-failed', message: 'No.' };
    inspect(sim, 'a');
    sim.finish(starts(sim)[0]!);
    sim.feed({ kind: 'inspected', result: { task: 'b', hash: 'h', error } });
    sim.settle();
    expect([sim.status('a'), sim.status('b')]).toEqual(['finished', 'invalid']);
    expect(sim.session.state.goal).toBe('none');
  });
});

/** What may happen next in a run, while it is inspected and after. */
type Move = { do: 'inspect' | 'start' | 'measure' | 'finish' | 'plan'; which: number };

const move: fc.Arbitrary<Move> = fc.record({
  do: fc.constantFrom('inspect', 'start', 'measure', 'finish', 'plan'),
  which: fc.nat({ max: 9 })
});

/** A run in which everything takes its time, in any order. */
class Busy {
  readonly sim: SessionHarness;
  private readonly _groups: { body: GroupStart; begun: boolean; told: boolean }[] = [];
  private _coming: string[];

  constructor(
    count: number,
    devices: number,
    private readonly _kinds: number
  ) {
    this._coming = Array.from({ length: count }, (_, index) => `t${index}`);
    this.sim = asked(this._coming, devices);
  }

  make({ do: what, which }: Move): boolean {
    const at = <T>(list: readonly T[]): T | undefined => list[which % Math.max(1, list.length)];
    switch (what) {
      case 'inspect': {
        const name = at(this._coming);
        if (name === undefined) {
          return false;
        }
        this._coming = this._coming.filter(other => other !== name);
        inspect(this.sim, name, `sig-${Number(name.slice(1)) % this._kinds}`);
        break;
      }
      case 'plan': {
        const [plan, ...others] = this.sim.take('plan').reverse();
        this.sim.pending.push(...others);
        if (!plan) {
          return false;
        }
        this.sim.perform(plan);
        break;
      }
      default: {
        const group = at(this._groups);
        if (!group || !this._tell(group, what)) {
          return false;
        }
      }
    }
    this._obey();
    return true;
  }

  /** Devices that are idle beside tasks that are known to run on one, or to be the next there. */
  idle(): string[] {
    const { state, learning } = this.sim.session;
    const free = freeDevices(this.sim.session).flatMap(({ devices }) => devices.map(({ id }) => id));
    const waiting = state.tasks.filter(({ status }) => status === 'ready');
    if (free.length === 0 || state.goal !== 'run') {
      return [];
    }
    if (learning) {
      const known = new Set(state.cells.filter(one => one.strategy.devices === 1).map(one => one.signature));
      const isComing = state.tasks.some(({ status }) => status === 'inspecting');
      return isComing
        ? waiting.filter(one => known.has(one.inspection!.signature)).map(({ spec: { name } }) => name)
        : [];
    }
    const taken = new Set<string>();
    const left = [...(state.plan?.plan.segments ?? [])]
      .sort((a, b) => a.start - b.start)
      .filter(one =>
        state.tasks.some(({ spec: { name }, status }) => name === one.task && status === 'ready')
      );
    return left.flatMap(one => {
      const isFirst = one.devices.every(device => !taken.has(device));
      for (const device of one.devices) {
        taken.add(device);
      }
      return isFirst && one.devices.every(device => free.includes(device)) ? [one.task] : [];
    });
  }

  finish(): void {
    const moves = (['inspect', 'start', 'measure', 'plan', 'finish'] as const).map(what => ({
      do: what,
      which: 0
    }));
    for (let round = 0; round < 500 && moves.some(one => this.make(one)); round++) {
      // Until nothing is left to happen.
    }
  }

  private _tell(group: { body: GroupStart; begun: boolean; told: boolean }, what: Move['do']): boolean {
    const { task, attempt, steps, explores } = group.body;
    if (!group.begun) {
      group.begun = true;
      this.sim.group(task.name, attempt, 'started', { step: 0 });
    } else if (what !== 'finish' && explores && !group.told) {
      group.told = true;
      this.sim.measure(group.body);
    } else if (what === 'finish') {
      this._groups.splice(this._groups.indexOf(group), 1);
      if (explores && !group.told) {
        this.sim.measure(group.body);
      }
      this.sim.group(task.name, attempt, 'finished', { step: steps });
    } else {
      return false;
    }
    return true;
  }

  private _obey(): void {
    this._groups.push(...starts(this.sim).map(body => ({ body, begun: false, told: false })));
    for (const { body } of this.sim.take('stop')) {
      const place = this._groups.findIndex(
        one => one.body.task.name === body.task && one.body.attempt === body.attempt
      );
      if (place >= 0) {
        this._groups.splice(place, 1);
        this.sim.group(body.task, body.attempt, 'stopped', { step: 1 });
        this._obey();
      }
    }
  }
}

it('no device is ever idle beside a task that is inspected and known, and none begins that is not inspected', () => {
  fc.assert(
    fc.property(
      fc.array(move, { minLength: 10, maxLength: 60 }),
      fc.record({
        count: fc.integer({ min: 4, max: 9 }),
        devices: fc.integer({ min: 1, max: 2 }),
        kinds: fc.integer({ min: 1, max: 4 })
      }),
      (moves, { count, devices, kinds }) => {
        const busy = new Busy(count, devices, kinds);
        const look = (): void => {
          const { state } = busy.sim.session;
          expect(busy.idle()).toEqual([]);
          for (const task of state.tasks) {
            expect(task.attempts.length > 0 && !task.inspection).toBe(false);
          }
        };
        for (const one of moves) {
          busy.make(one);
          look();
        }
        busy.finish();
        expect(busy.sim.session.state.tasks.map(({ status }) => status)).toEqual(
          Array(count).fill('finished')
        );
        expect(replayed(busy.sim.log)).toEqual(busy.sim.session);
      }
    ),
    { numRuns: 30 }
  );
});
