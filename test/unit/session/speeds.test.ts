import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import type { Command } from '../../../src/core/session/command.js';
import { emptySession, lastAttempt } from '../../../src/core/session/session.js';
import { REPORTS } from '../../../src/core/session/speeds.js';
import { step } from '../../../src/core/session/step.js';
import { render } from '../../../src/core/view/render.js';
import type { ProfileCell } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

/** A session of tasks of one signature, on one device each, that run at what speed the test says. */
class Racing extends SessionHarness {
  constructor(names: string[], devices = names.length) {
    super();
    this.connect(devices);
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name, `hash-${name}`)) });
    this.feed({ kind: 'profile-requested' });
    this.follow();
    this.feed({ kind: 'run-requested' });
    this.follow();
  }

  override perform(command: Command): void {
    if (command.kind === 'inspect') {
      for (const { name, hash } of command.body.tasks) {
        const found = inspection('s', 100, [{ technique: 'single', devices: 1 }]);
        this.feed({ kind: 'inspected', result: { task: name, hash, inspection: found } });
      }
      return;
    }
    if (command.kind === 'start') {
      this.group(command.body.task.name, command.body.attempt, 'started', { step: 0 });
      return;
    }
    super.perform(command);
  }

  follow(): void {
    while (this.pending.length > 0) {
      this.perform(this.pending.shift()!);
    }
  }

  report(name: string, stepSeconds: number): void {
    const task = this.task(name);
    if (task.status === 'running') {
      const next = task.progress.step + 1;
      this.group(name, lastAttempt(task)!.number, 'step', { step: next, loss: 1, stepSeconds });
      this.follow();
    }
  }

  task(name: string) {
    return this.session.state.tasks.find(({ spec }) => spec.name === name)!;
  }

  signature(name: string): string {
    return this.task(name).inspection!.signature;
  }
}

describe('a task that runs at another speed than its like', () => {
  it('is planned by itself, and the status says so', () => {
    const sim = new Racing(['a', 'b', 'c', 'd'], 1);
    const measuredBy = sim.session.state.cells[0]!.hash;
    expect(measuredBy).toBe('hash-a');
    sim.group('a', 1, 'finished', { step: 100 });
    sim.follow();
    for (let i = 0; i < REPORTS; i++) {
      sim.report('b', 2.9);
    }
    expect(sim.signature('b')).toBe('s/b');
    expect(sim.signature('c')).toBe('s');
    expect(sim.task('b')).toMatchObject({ status: 'running', unlike: { factor: 2.9 } });
    const own = sim.session.state.cells.filter(cell => cell.signature === 's/b');
    expect(own).toMatchObject([{ status: 'ok', stepSeconds: 2.9, source: 'measured' }]);
    expect(sim.session.state.plan?.fresh).toBe(true);
    expect(render('status', sim.session.state, sim.time, ENGLISH).text).toContain(
      'b runs 2.9x slower than its like: planned by itself now.'
    );
    sim.feed({ kind: 'stop-requested', tasks: ['b'] });
    sim.follow();
    sim.feed({ kind: 'run-requested' });
    sim.follow();
    expect(sim.signature('b')).toBe('s/b');
  });

  it('is not split off for a hiccup, for what all of them show, nor for what it measured itself', () => {
    const hiccup = new Racing(['a', 'b'], 2);
    for (let i = 0; i < 3 * REPORTS; i++) {
      hiccup.report('b', i % REPORTS === 0 ? 1 : 3);
    }
    expect(hiccup.signature('b')).toBe('s');
    const all = new Racing(['a', 'b', 'c'], 3);
    for (let i = 0; i < 3 * REPORTS; i++) {
      for (const name of ['a', 'b', 'c']) {
        all.report(name, 3);
      }
    }
    expect(['a', 'b', 'c'].map(name => all.signature(name))).toEqual(['s', 's', 's']);
    const alone = new Racing(['a']);
    for (let i = 0; i < 3 * REPORTS; i++) {
      alone.report('a', 3);
    }
    expect(alone.signature('a')).toBe('s');
  });

  it('is not split off because an earlier session measured its strategy wrongly', () => {
    const sim = new Racing([], 3);
    const wrong: ProfileCell = {
      signature: 's',
      strategy: { technique: 'single', devices: 1 },
      status: 'ok',
      source: 'measured',
      stepSeconds: 1,
      startSeconds: 1
    };
    sim.feed({ kind: 'cells-recalled', cells: [wrong] });
    sim.feed({ kind: 'tasks-added', tasks: ['a', 'b'].map(name => spec(name, `hash-${name}`)) });
    sim.feed({ kind: 'run-requested' });
    sim.follow();
    sim.group('a', 1, 'finished', { step: 100 });
    sim.follow();
    for (let i = 0; i < REPORTS; i++) {
      sim.report('b', 3);
    }
    expect(sim.task('b')).toMatchObject({ status: 'running', progress: { stepSeconds: 3 } });
    expect(sim.signature('b')).toBe('s');
  });
});

it('whatever speeds are reported: a task is split at most once, and the journal alone knows of it', () => {
  const names = ['a', 'b', 'c'];
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom(...names), fc.constantFrom(0.3, 1, 1.2, 3), fc.integer({ min: 1, max: 8 })),
        {
          maxLength: 20
        }
      ),
      reports => {
        const sim = new Racing(names);
        for (const [name, seconds, times] of reports) {
          for (let i = 0; i < times; i++) {
            sim.report(name, seconds);
          }
        }
        const splits = sim.log.flatMap(({ event }) => (event.kind === 'speed-differs' ? [event.task] : []));
        expect(new Set(splits).size).toBe(splits.length);
        let replayed = emptySession('test', '/tmp/test');
        for (const { event, time } of sim.log) {
          if (event.kind !== 'group' || event.event.kind !== 'step') {
            replayed = step(replayed, event, time).session;
          }
        }
        for (const task of replayed.state.tasks) {
          expect(task.inspection?.signature).toBe(sim.signature(task.spec.name));
          expect(task.unlike !== undefined).toBe(splits.includes(task.spec.name));
        }
      }
    ),
    { numRuns: 200 }
  );
});
