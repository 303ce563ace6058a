import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/core/session/command.js';
import { MAX_LOST } from '../../../src/core/session/rankGroups.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { ProfileCell, SessionEvent, Strategy } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const STRATEGIES: Strategy[] = [
  { technique: 'single', devices: 1 },
  { technique: 'ddp', devices: 2 },
  { technique: 'fsdp', devices: 2 }
];

const TECHNIQUES = STRATEGIES.map(({ technique }) => technique);

/** A session of tasks of one signature, some of which raise whatever trains them; and some techniques never work. */
class Troubled extends SessionHarness {
  /** Trials made, as `task technique`. */
  readonly tried: string[] = [];

  constructor(
    private readonly _badHashes: ReadonlySet<string>,
    private readonly _badTechniques: ReadonlySet<string> = new Set(),
    private readonly _ending: 'failed' | 'lost' = 'failed'
  ) {
    super();
    this.connect(2);
  }

  add(...tasks: [name: string, hash: string][]): void {
    this.feed({ kind: 'tasks-added', tasks: tasks.map(([name, hash]) => spec(name, hash, 'cell')) });
  }

  override perform(command: Command): void {
    if (command.kind === 'inspect') {
      for (const { name, hash } of command.body.tasks) {
        const result = { task: name, hash, inspection: inspection('s', 10, STRATEGIES) };
        this.feed({ kind: 'inspected', result });
      }
      return;
    }
    if (command.kind !== 'trial' && !(command.kind === 'start' && command.body.explores)) {
      super.perform(command);
      return;
    }
    const { task, strategy } = command.body;
    this.tried.push(`${task.name} ${strategy.technique}`);
    const isBad = this._badHashes.has(task.hash);
    if (!isBad && !this._badTechniques.has(strategy.technique)) {
      super.perform(command);
      return;
    }
    const error = { code: 'x', message: isBad ? task.hash : strategy.technique };
    if (command.kind === 'start') {
      this.group(task.name, command.body.attempt, this._ending, { error });
      return;
    }
    const { trial, signature } = command.body;
    const cell: ProfileCell = { signature, strategy, source: 'measured', status: 'failed', error };
    this.feed({ kind: 'trial-finished', trial, cell });
  }

  error(task: string): string | undefined {
    return this.session.state.tasks.find(t => t.spec.name === task)?.error?.message;
  }
}

describe('a trial that fails', () => {
  it('fails its task, and the others of its signature are trained', () => {
    const sim = new Troubled(new Set(['bad']));
    sim.add(['a', 'bad'], ['b', '1'], ['c', '2']);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(['a', 'b', 'c'].map(name => sim.status(name))).toEqual(['failed', 'finished', 'finished']);
    expect(sim.error('a')).toBe('bad');
    expect(sim.error('b')).toBeUndefined();
    expect(sim.tried.filter(trial => trial.startsWith('a'))).toHaveLength(1);
  });

  it('is not held against another task that comes later, also when nothing else is there', () => {
    const sim = new Troubled(new Set(['bad']));
    sim.add(['a', 'bad']);
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('failed');
    sim.add(['b', 'good']);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('b')).toBe('finished');
  });

  it.each([
    ['a correction of the cell', (sim: Troubled) => sim.add(['a', 'good'])],
    [
      'removal',
      (sim: Troubled) => {
        sim.feed({ kind: 'tasks-removed', tasks: ['a'] });
        sim.add(['a', 'good']);
      }
    ],
    [
      'a reset',
      (sim: Troubled) => {
        sim.feed({ kind: 'reset' });
        sim.add(['a', 'good']);
      }
    ]
  ])('is forgotten by %s', (_, correct) => {
    const sim = new Troubled(new Set(['bad']));
    sim.add(['a', 'bad']);
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    correct(sim);
    sim.settle();
    expect(sim.status('a')).toBe('ready');
    expect(sim.session.state.cells.filter(cell => cell.status === 'failed')).toEqual([]);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('finished');
  });

  it("is nobody's once its task was replaced", () => {
    const sim = new Troubled(new Set(['bad']));
    sim.add(['a', 'bad'], ['b', 'good']);
    sim.feed({ kind: 'profile-requested' });
    while (sim.session.state.trials.every(({ status }) => status !== 'running')) {
      sim.perform(sim.pending.shift()!);
    }
    const [trial] = sim.take('trial');
    sim.add(['a', 'corrected']);
    sim.perform(trial!);
    expect(sim.session.state.cells.filter(cell => cell.status === 'failed')).toEqual([]);
    sim.settle();
    expect(['a', 'b'].map(name => sim.status(name))).toEqual(['ready', 'ready']);
  });

  it.each<[string, SessionEvent]>([
    ['run by name', { kind: 'run-requested', tasks: ['a'] }],
    ['profile --force', { kind: 'profile-requested', force: true }],
    ['the same cell once more', { kind: 'tasks-added', tasks: [spec('a', 'bad', 'cell')] }]
  ])('is tried again by %s', (_, event) => {
    const bad = new Set(['bad']);
    const sim = new Troubled(bad);
    sim.add(['a', 'bad']);
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    bad.clear();
    sim.feed(event);
    sim.settle();
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('finished');
  });
});

describe('ranks that vanish each time before their strategy is measured', () => {
  it('are of a strategy that does not work: the task goes on by another', () => {
    const sim = new Troubled(new Set(), new Set(['ddp', 'fsdp']), 'lost');
    sim.add(['a', 'h']);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('finished');
    expect(sim.tried.filter(trial => trial === 'a ddp')).toHaveLength(MAX_LOST + 1);
  });

  it('fail their task when no strategy is left, and it is told why', () => {
    const sim = new Troubled(new Set(['bad']), new Set(), 'lost');
    sim.add(['a', 'bad']);
    sim.feed({ kind: 'run-requested' });
    sim.settle();
    expect(sim.status('a')).toBe('failed');
    expect(sim.error('a')).toBe('bad');
    expect(sim.session.state.goal).toBe('none');
  });
});

it('whichever tasks are bad, and one technique or all of them: every good task is trained, and few trials are made', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      fc.constantFrom([], ...STRATEGIES.map(({ technique }) => [technique]), TECHNIQUES),
      (healthy, broken) => {
        const names = healthy.map((_, i) => `t${i}`);
        const sim = new Troubled(new Set(names.filter((_, i) => !healthy[i])), new Set(broken));
        sim.add(...names.map((name): [string, string] => [name, name]));
        sim.feed({ kind: 'run-requested' });
        sim.settle();
        const works = broken !== TECHNIQUES;
        for (const [i, name] of names.entries()) {
          if (healthy[i] && works) {
            expect(sim.status(name)).toBe('finished');
          }
          if (!works) {
            expect(sim.status(name)).toBe('failed');
          }
        }
        expect(new Set(sim.tried).size).toBe(sim.tried.length);
        expect(sim.tried.length).toBeLessThanOrEqual(2 * (names.length + STRATEGIES.length));
        let replayed = emptySession('test', '/tmp/test');
        for (const { event, time } of sim.log) {
          replayed = step(replayed, event, time).session;
        }
        expect(replayed).toEqual(sim.session);
      }
    ),
    { numRuns: 300 }
  );
});
