import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import { isLoner } from '../../../src/core/session/fusedEnds.js';
import type { Inspection, SweepSpec, TaskSpec, TaskState } from '../../../src/core/wire/messages.js';
import { sweepOf, TEMPLATE } from '../search/sweeps.js';
import { inspection, SessionHarness } from './sessionHarness.js';

const WIDTHS = [64, 128, 256];

/** A point of which the width decides how it is built; the rate does not. */
function point(number: number, width = WIDTHS[number % 3]!): TaskSpec {
  const params = { lr: 0.01 * (number + 1), width };
  return { ...TEMPLATE, name: `net-${number}`, hash: `h${number}`, params };
}

const SPACE: SweepSpec['space'] = {
  lr: { low: 1e-3, high: 1, scale: 'log' },
  width: { values: WIDTHS }
};

/** A session whose inspections are answered by hand. */
class Inspecting extends SessionHarness {
  readonly asked: string[] = [];

  /** Names of the tasks that are to be inspected since the last time. */
  looking(): string[] {
    const names = this.take('inspect').flatMap(({ body }) => body.tasks.map(({ name }) => name));
    this.asked.push(...names);
    return names;
  }

  search(count: number, space = SPACE, widthOf?: (n: number) => number): void {
    const tasks = Array.from({ length: count }, (_, n) => point(n, widthOf?.(n)));
    this.feed({ kind: 'tasks-added', tasks, sweep: sweepOf({ space, points: 100 }) });
  }

  /** Tell what was found of a task: of its width, if nothing else is said. */
  found(name: string, more: Partial<Inspection> = {}): void {
    const { spec } = this.task(name);
    const found = { ...inspection(`width ${spec.params.width}`), ...more };
    this.feed({ kind: 'inspected', results: [{ task: name, hash: spec.hash, inspection: found }] });
  }

  task(name: string): TaskState {
    return this.session.state.tasks.find(({ spec }) => spec.name === name)!;
  }

  get all(): readonly TaskState[] {
    return this.session.state.tasks;
  }
}

let sim: Inspecting;
beforeEach(() => {
  sim = new Inspecting();
  sim.connect(2);
});

describe('points that differ in a rate only', () => {
  it('share an inspection, once two of them were seen to be equal', () => {
    sim.search(12);
    expect(sim.looking()).toEqual(['net-0', 'net-1', 'net-2', 'net-3']);
    sim.found('net-1');
    expect(sim.all.filter(({ status }) => status === 'ready')).toHaveLength(1);
    sim.found('net-0');
    sim.found('net-3');
    expect(sim.task('net-6')).toMatchObject({ status: 'ready', alike: 'assumed' });
    expect(sim.task('net-4')).toMatchObject({ status: 'ready', inspection: { signature: 'width 128' } });
    expect(sim.task('net-5')).toMatchObject({ status: 'inspecting', alike: 'waits' });
    sim.found('net-2');
    expect(sim.looking()).toEqual([]);
    expect(sim.all.map(({ status }) => status)).toEqual(Array(12).fill('ready'));
    expect(sim.all.map(task => task.inspection?.signature)).toEqual(
      sim.all.map(({ spec }) => `width ${spec.params.width}`)
    );
  });

  it('share it in a grid as well, once two were seen that share as little as any', () => {
    const rates = [0.01, 0.03];
    const scales = [0.5, 1, 2];
    const tasks = scales.flatMap((scale, row) =>
      rates.map((lr, column) => ({ ...point(2 * row + column, 64), params: { scale, lr } }))
    );
    const space = { scale: { values: scales }, lr: { values: rates } };
    const sweep: SweepSpec = { name: 'net', search: 'grid', space, seed: 0 };
    sim.feed({ kind: 'tasks-added', tasks, sweep });
    expect(sim.looking()).toEqual(['net-0', 'net-3']); // not its neighbour, of the same scale
    sim.found('net-0');
    sim.found('net-3', { signature: 'of another scale' });
    expect(sim.looking()).toEqual(['net-1', 'net-2', 'net-4', 'net-5']);
  });

  it('need none at all when they come later', () => {
    sim.search(6);
    sim.looking().forEach(name => {
      sim.found(name);
    });
    sim.feed({ kind: 'points-suggested', sweep: 'net', tasks: [point(6), point(7)] });
    expect(sim.looking()).toEqual([]);
    expect(sim.status('net-7')).toBe('ready');
  });

  it('are each inspected when two of them were not equal', () => {
    sim.search(9);
    sim.looking();
    sim.found('net-0');
    sim.found('net-3', { steps: 11 });
    expect(sim.looking()).toEqual(['net-4', 'net-5', 'net-6', 'net-7', 'net-8']);
    expect(sim.session.state.sweeps?.[0]?.apart).toBe(true);
    sim.feed({ kind: 'points-suggested', sweep: 'net', tasks: [point(9)] });
    expect(sim.looking()).toEqual(['net-9']);
  });

  it('have another one looked at for one that could not be built', () => {
    sim.search(6, SPACE, () => 64);
    expect(sim.looking()).toEqual(['net-0', 'net-1']);
    const error = { code: 'factory-failed', message: 'no' };
    sim.feed({ kind: 'inspected', results: [{ task: 'net-0', hash: 'h0', error }] });
    expect(sim.looking()).toEqual(['net-2']);
    sim.found('net-1');
    sim.found('net-2');
    expect(sim.all.map(({ status }) => status)).toEqual(['invalid', ...Array(5).fill('ready')]);
  });

  it('are inspected where nothing may be shared: whole numbers, loops of their own', () => {
    sim.search(6, { width: { values: WIDTHS } });
    expect(sim.looking()).toHaveLength(6);
    const native = new Inspecting();
    native.connect(2);
    native.search(6, SPACE, () => 64);
    native.looking();
    native.found('net-0', { native: 'It trains by itself.' });
    expect(native.looking()).toHaveLength(4);
  });

  it('wait no more when their search is over, and are stopped and begun again as others', () => {
    sim.search(6, SPACE, () => 64);
    sim.looking();
    sim.feed({ kind: 'stop-requested' });
    expect(sim.all.map(({ status }) => status)).toEqual(Array(6).fill('stopped'));
    sim.feed({ kind: 'run-requested' });
    expect(sim.looking()).toEqual(['net-0', 'net-1']);
    sim.feed({ kind: 'tasks-added', tasks: [point(0, 64)] });
    // As any that a run waits for, those that are looked at already among them.
    expect(sim.looking()).toEqual(['net-0', 'net-1', 'net-2', 'net-3', 'net-4', 'net-5']);
  });
});

describe('a point that turns out to be another task', () => {
  const begin = (kind: 'run-requested' | 'profile-requested' = 'run-requested'): void => {
    sim.search(6, SPACE, () => 64);
    sim.looking().forEach(name => {
      sim.found(name);
    });
    sim.feed({ kind });
  };
  const error = { code: 'other-task', message: 'It is built otherwise.' };

  it('is inspected by itself, as are all that were not seen yet', () => {
    begin();
    const starts: string[] = [];
    for (let next = sim.pending.shift(); next; next = sim.pending.shift()) {
      if (next.kind !== 'start') {
        sim.perform(next);
        continue;
      }
      const { task, attempt, assumed } = next.body;
      starts.push(task.name);
      expect(assumed).toBe(Number(task.name.slice(4)) > 1 ? true : undefined);
      if (assumed) {
        sim.group(task.name, attempt, 'failed', { error });
        break;
      }
      sim.finish(next.body);
    }
    expect(starts).toEqual(['net-0', 'net-1', 'net-2']);
    expect(sim.looking()).toEqual(['net-2', 'net-3', 'net-4', 'net-5']);
    expect(sim.task('net-2').attempts).toEqual([]);
  });

  it('tells so in its trial, too', () => {
    begin('profile-requested');
    const { body } = sim.take('trial')[0]!;
    const assumed = sim.all.find(({ alike }) => alike === 'assumed')!;
    const trials = sim.session.state.trials.map(one => ({ ...one, task: assumed.spec.name }));
    sim.session = { ...sim.session, state: { ...sim.session.state, trials } };
    const { signature, strategy } = body;
    const cell = { signature, strategy, status: 'failed' as const, source: 'measured' as const, error };
    sim.feed({ kind: 'trial-finished', trial: body.trial, cell });
    expect(sim.looking()).toEqual(['net-2', 'net-3', 'net-4', 'net-5']);
  });
});

describe('adapters of one model that share an inspection', () => {
  const SINGLE = [{ technique: 'single', devices: 1 }];
  const fusion = { base: 'base', sites: 2, rank: 8 };

  /** Six of them, two of which were inspected, in one run. */
  async function begun(): Promise<void> {
    sim = new Inspecting();
    sim.connect(1);
    sim.search(6, SPACE, () => 64);
    for (const name of sim.looking()) {
      sim.found(name, { ...inspection('width 64', 100, SINGLE), fusion });
    }
    const cell = { strategy: SINGLE[0]!, status: 'ok', source: 'measured', startSeconds: 1 } as const;
    const cells = [
      { ...cell, signature: 'width 64', stepSeconds: 1 },
      { ...cell, signature: 'base', stepSeconds: 1.2, fused: 2 },
      { ...cell, signature: 'base', stepSeconds: 2, fused: 6 }
    ];
    sim.feed({ kind: 'cells-recalled', cells });
    sim.feed({ kind: 'run-requested' });
    for (let [asked] = sim.take('plan'); asked; [asked] = sim.take('plan')) {
      const made = await plan({ ...asked.request, budget: { iterations: 500 } });
      sim.feed({ kind: 'plan-made', plan: made, basis: asked.planRevision }, 0);
    }
  }

  it('train in one run, whose ranks look at each that was not inspected itself', async () => {
    await begun();
    const [start, ...others] = sim.take('start');
    expect(others).toEqual([]);
    const { body } = start!;
    const members = [body, ...body.fused!].map(({ task, signature, assumed }) => ({
      task,
      signature,
      assumed
    }));
    expect(members).toHaveLength(6);
    for (const { task, signature, assumed } of members) {
      expect([signature, assumed]).toEqual(['width 64', Number(task.name.slice(4)) > 1 ? true : undefined]);
    }
  });

  it('and one that is another task leaves it, and may be fused when it was inspected', async () => {
    await begun();
    const error = { code: 'other-task', message: 'It is built otherwise.' };
    for (const { spec } of sim.all) {
      const isOther = spec.name === 'net-3';
      sim.group(spec.name, 1, isOther ? 'failed' : 'started', isOther ? { error } : { step: 0 });
    }
    expect(sim.looking()).toEqual(['net-3']);
    expect(sim.task('net-3').attempts).toEqual([]);
    expect(sim.all.map(({ status }) => status)).toEqual([
      ...Array(3).fill('running'),
      'inspecting',
      ...Array(2).fill('running')
    ]);
    expect(sim.task('net-4').attempts[0]!.fusion).toBe(sim.task('net-0').attempts[0]!.fusion);
    sim.found('net-3', { ...inspection('width 64', 100, SINGLE), fusion });
    expect(sim.task('net-3')).toMatchObject({ status: 'ready', inspection: { fusion } });
    expect(isLoner(sim.task('net-3'))).toBe(false);
  });

  it('are each inspected where two of them cannot be in one run, or have other models', () => {
    for (const other of [{ reason: 'It cannot.' }, { ...fusion, base: 'another' }, { ...fusion, rank: 4 }]) {
      sim = new Inspecting();
      sim.connect(1);
      sim.search(6, SPACE, () => 64);
      sim.looking();
      sim.found('net-0', { fusion });
      sim.found('net-1', { fusion: other });
      expect(sim.looking()).toEqual(['net-2', 'net-3', 'net-4', 'net-5']);
    }
  });
});

it('whatever is found, and whenever agents leave, each point comes to be ready or invalid', () => {
  const anyCase = fc.record({
    widths: fc.array(fc.constantFrom(...WIDTHS), { minLength: 1, maxLength: 12 }),
    outcomes: fc.array(fc.constantFrom('equal', 'equal', 'equal', 'other', 'invalid'), {
      minLength: 12,
      maxLength: 12
    }),
    leaves: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })
  });
  fc.assert(
    fc.property(anyCase, ({ widths, outcomes, leaves }) => {
      const any = new Inspecting();
      any.connect(2);
      any.search(widths.length, SPACE, n => widths[n]!);
      let turn = 0;
      for (let names = any.looking(); names.length > 0; names = any.looking()) {
        for (const name of names) {
          const number = Number(name.slice(4));
          if (any.task(name).status !== 'inspecting') {
            continue;
          }
          if (leaves[turn++ % 12] && turn < 20) {
            any.feed({ kind: 'agent-away' });
            any.connect(2);
            break;
          }
          if (outcomes[number] === 'invalid') {
            const error = { code: 'factory-failed', message: 'no' };
            any.feed({ kind: 'inspected', results: [{ task: name, hash: `h${number}`, error }] });
          } else {
            any.found(name, outcomes[number] === 'other' ? { steps: 100 + number } : {});
          }
        }
      }
      expect(any.all.filter(({ status }) => status !== 'ready' && status !== 'invalid')).toEqual([]);
    }),
    { numRuns: 100 }
  );
});
