import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SearchedSweep } from '../../../src/core/search/pointTasks.js';
import type { Command } from '../../../src/core/session/command.js';
import { emptySession, findSweep } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import { isAwaitedSuggestion, openSuggestions } from '../../../src/core/session/sweeps.js';
import type { SweepState, TaskSpec } from '../../../src/core/wire/messages.js';
import { sweepOf, TEMPLATE } from '../search/sweeps.js';
import { inspection, SessionHarness } from './sessionHarness.js';

type Suggest = Extract<Command, { kind: 'suggest' }>;

const LEARNED = sweepOf({ search: 'tpe', points: 9, by: { metric: 'accuracy', goal: 'max' } });

/** The point of a number, as a task. */
function point(number: number, more: Partial<TaskSpec> = {}): TaskSpec {
  return { ...TEMPLATE, name: `net-${number}`, hash: `h${number}`, params: { lr: number }, ...more };
}

/** A session whose points are numbered. */
class Searching extends SessionHarness {
  readonly asked: Suggest[] = [];

  /** Tell of a sweep and of its first points. */
  search(sweep: SearchedSweep = LEARNED, count = 4): readonly Command[] {
    const tasks = Array.from({ length: count }, (_, place) => point(place));
    return this.feed({ kind: 'tasks-added', tasks, sweep, made: count });
  }

  override perform(command: Command, signatureOf?: (name: string) => string): void {
    if (command.kind === 'suggest') {
      this.answer(command);
    } else {
      super.perform(command, signatureOf);
    }
  }

  answer(command: Suggest): void {
    this.asked.push(command);
    const tasks = Array.from({ length: command.count }, (_, place) => point(command.made + place));
    this.feed({ kind: 'points-suggested', sweep: command.sweep, tasks });
  }

  get sweep(): SweepState | undefined {
    return findSweep(this.session.state, 'net');
  }

  /** Inspect, measure and plan what is asked, without training. */
  prepare(): void {
    for (;;) {
      const next = this.pending.find(({ kind }) => kind !== 'start' && kind !== 'suggest');
      if (!next) {
        return;
      }
      this.pending = this.pending.filter(command => command !== next);
      this.perform(next, () => 'sig');
    }
  }
}

let sim: Searching;
beforeEach(() => {
  sim = new Searching();
  sim.connect(2);
});

describe('a search that learns', () => {
  it('asks for further points while it runs, so that twice as many as devices wait or train', () => {
    expect(sim.search().map(({ kind }) => kind)).not.toContain('suggest');
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    sim.settle(() => 'sig');
    expect(sim.sweep).toMatchObject({ made: 9 });
    expect(sim.session.state.tasks.map(({ status }) => status)).toEqual(Array(9).fill('finished'));
    expect(sim.asked.map(({ made }) => made)).toEqual([4, 5, 6, 7, 8]);
    expect(sim.asked.every(({ count }) => count === 1)).toBe(true);
    expect(sim.session.state.goal).toBe('none');
  });

  it('asks for enough to fill a run on each device where its points can train together', () => {
    sim.search(sweepOf({ ...LEARNED, points: 54 }));
    for (const { spec } of sim.session.state.tasks) {
      const found = { ...inspection('sig'), fusion: { base: 'base', sites: 2, rank: 8 } };
      sim.feed({ kind: 'inspected', results: [{ task: spec.name, hash: spec.hash, inspection: found }] });
    }
    const [asked, ...others] = sim.take('suggest');
    expect(asked).toMatchObject({ made: 4, count: 12 });
    expect(others).toEqual([]);
    sim.answer(asked!);
    expect(sim.take('suggest')).toEqual([]);
  });

  it('is not over while points are thought up', () => {
    sim.search(sweepOf({ ...LEARNED, points: 5 }), 4);
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    let open: Suggest | undefined;
    for (let next = sim.pending.shift(); next; next = sim.pending.shift()) {
      if (next.kind === 'suggest') {
        open = next;
      } else {
        sim.perform(next, () => 'sig');
      }
    }
    expect(sim.session.state.tasks.every(({ status }) => status === 'finished')).toBe(true);
    expect(sim.session.state.goal).toBe('run');
    sim.answer(open!);
    sim.settle(() => 'sig');
    expect(sim.status('net-4')).toBe('finished');
    expect(sim.session.state.goal).toBe('none');
  });

  it('asks for what its first plan lacks once devices are known, and then for nothing more', () => {
    const early = new Searching();
    early.search(LEARNED, 2);
    expect(early.take('suggest')).toEqual([]);
    early.connect(3);
    early.settle(() => 'sig');
    expect(early.asked).toEqual([{ kind: 'suggest', sweep: 'net', made: 2, count: 4 }]);
    expect(early.session.state.tasks).toHaveLength(6);
  });

  it('asks for nothing once it was stopped, and goes on with the next run', () => {
    sim.search();
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    sim.prepare();
    const [first] = sim.take('start');
    sim.group(first!.body.task.name, 1, 'started', { step: 0 });
    sim.feed({ kind: 'stop-requested' });
    sim.settle(() => 'sig');
    expect(sim.asked).toEqual([]);
    sim.feed({ kind: 'run-requested' });
    sim.settle(() => 'sig');
    expect(sim.sweep?.made).toBe(9);
  });

  it('has another point for one that was stopped, given up or failed', () => {
    sim.search();
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    sim.prepare();
    expect(sim.take('suggest')).toEqual([]);
    sim.feed({ kind: 'stop-requested', tasks: ['net-3'] });
    expect(sim.take('suggest')).toEqual([{ kind: 'suggest', sweep: 'net', made: 4, count: 1 }]);
  });

  it('says why there are none, and asks again with the next run', () => {
    sim.search(sweepOf({ ...LEARNED, points: 5 }));
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    const error = { code: 'no-optuna', message: 'Optuna is gone.' };
    for (let next = sim.pending.shift(); next; next = sim.pending.shift()) {
      if (next.kind === 'suggest') {
        sim.feed({ kind: 'points-suggested', sweep: 'net', tasks: [], error });
      } else {
        sim.perform(next, () => 'sig');
      }
    }
    expect(sim.sweep).toMatchObject({ made: 4, error });
    expect(sim.session.state.goal).toBe('none');
    sim.feed({ kind: 'run-requested' });
    sim.settle(() => 'sig');
    expect(sim.sweep).toEqual({ spec: expect.anything(), made: 5 });
    expect(sim.status('net-4')).toBe('finished');
  });

  it('does not go through all its points when none of them can be built', () => {
    sim.search(sweepOf({ ...LEARNED, points: 50 }));
    sim.feed({ kind: 'run-requested' });
    const error = { code: 'factory-failed', message: 'No such file.' };
    for (let next = sim.pending.shift(); next; next = sim.pending.shift()) {
      if (next.kind === 'inspect') {
        for (const task of next.body.tasks) {
          sim.feed({ kind: 'inspected', results: [{ task: task.name, hash: task.hash, error }] });
        }
      } else {
        sim.perform(next);
      }
    }
    expect(sim.sweep?.error?.code).toBe('points-fail');
    expect(sim.sweep?.made).toBeLessThan(10);
    expect(sim.sweep?.error?.message).toContain('No such file.');
    expect(sim.session.state.notices).toEqual([]); // it is said once
    expect(sim.session.state.goal).toBe('none');
  });

  it('asks for none while only named tasks are to train', () => {
    sim.search();
    sim.prepare();
    sim.feed({ kind: 'run-requested', tasks: ['net-0'] });
    sim.settle(() => 'sig');
    expect(sim.asked).toEqual([]);
    expect(sim.status('net-0')).toBe('finished');
  });
});

describe('points that were asked for', () => {
  const asking = (): Suggest => {
    sim.search();
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    sim.prepare();
    sim.feed({ kind: 'stop-requested', tasks: ['net-3'] });
    return sim.take('suggest')[0]!;
  };

  it('are asked for again, in the same words, by an engine that begins anew', () => {
    const command = asking();
    let session = emptySession('test', '/tmp/test');
    for (const { event, time } of sim.log) {
      session = step(session, event, time).session;
    }
    expect(openSuggestions(session)).toEqual([command]);
  });

  it('are of no use once they are there, or the sweep is another', () => {
    const command = asking();
    const asked = sim.session;
    expect(isAwaitedSuggestion(asked, sim.session, command)).toBe(true);
    sim.answer(command);
    expect(isAwaitedSuggestion(asked, sim.session, command)).toBe(false);
    const again = new Searching();
    again.session = asked;
    again.feed({ kind: 'tasks-added', tasks: [], sweep: sweepOf({ ...LEARNED, seed: 1 }), made: 4 });
    expect(isAwaitedSuggestion(asked, again.session, command)).toBe(false);
    again.feed({ kind: 'reset' });
    expect(isAwaitedSuggestion(asked, again.session, command)).toBe(false);
  });

  it('have the wishes of the others', () => {
    sim.search({ ...LEARNED, wishes: { weight: 3 } });
    sim.prepare();
    sim.feed({ kind: 'run-requested' });
    sim.settle(() => 'sig');
    expect(sim.session.state.tasks.slice(4).map(({ wishes }) => wishes?.weight)).toEqual(Array(5).fill(3));
  });
});

describe('a sweep', () => {
  it('ends when its cell makes tasks without one, and when its last task is taken out', () => {
    sim.search();
    sim.feed({ kind: 'tasks-added', tasks: [point(7, { cloneOf: 'net-0' })] });
    sim.feed({ kind: 'tasks-added', tasks: [point(8, { origin: 'other cell' })] });
    expect(sim.sweep).toBeDefined();
    sim.feed({ kind: 'tasks-added', tasks: [point(0)] });
    expect(sim.sweep).toBeUndefined();
    sim.search();
    const names = sim.session.state.tasks.map(({ spec }) => spec.name);
    sim.feed({ kind: 'tasks-removed', tasks: names.slice(1) });
    expect(sim.sweep).toBeDefined();
    sim.feed({ kind: 'tasks-removed', tasks: names.slice(0, 1) });
    expect(sim.sweep).toBeUndefined();
    sim.search();
    sim.feed({ kind: 'reset' });
    expect(sim.session.state.sweeps).toBeUndefined();
  });

  it('whose points follow from itself has them some hundred at a time', () => {
    const many = sweepOf({ points: 2000 });
    sim.feed({ kind: 'tasks-added', tasks: Array.from({ length: 256 }, (_, n) => point(n)), sweep: many });
    expect(sim.take('suggest')).toEqual([{ kind: 'suggest', sweep: 'net', made: 256, count: 256 }]);
  });

  it('gets all its points, each once, in whatever order things happen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (choices, points) => {
          const any = new Searching();
          any.connect(2);
          any.search(sweepOf({ ...LEARNED, points }), Math.min(4, points));
          any.feed({ kind: 'run-requested' });
          for (const choice of choices) {
            const [command] = any.pending.splice(choice % Math.max(1, any.pending.length), 1);
            if (command) {
              any.perform(command, () => 'sig');
            }
            if (choice % 7 === 0) {
              any.feed({ kind: 'agent-away' });
              any.connect(2);
            }
          }
          any.feed({ kind: 'run-requested' });
          any.settle(() => 'sig');
          expect(any.sweep).toMatchObject({ made: points });
          const names = any.session.state.tasks.map(({ spec }) => spec.name);
          expect([...names].sort()).toEqual(Array.from({ length: points }, (_, n) => `net-${n}`).sort());
        }
      ),
      { numRuns: 60 }
    );
  });
});
