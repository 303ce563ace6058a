import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellKey, strategyKey } from '../../../src/core/model/strategy.js';
import type { Command } from '../../../src/core/session/command.js';
import { isMeasured } from '../../../src/core/session/profileTable.js';
import { emptySession } from '../../../src/core/session/session.js';
import { step } from '../../../src/core/session/step.js';
import type { Plan, PlanRequest, ProfileCell, Strategy } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, serialPlan, spec } from './sessionHarness.js';

const DEVICES = 4;

const STRATEGIES: Strategy[] = [
  { technique: 'single', devices: 1 },
  ...['ddp', 'fsdp'].flatMap(technique => [2, 3, 4].map(devices => ({ technique, devices })))
];

/** What trials of a world answer: seconds, or what goes wrong, by {@link cellKey}; 1 second when not listed. */
type World = Record<string, number | 'oom' | 'failed'>;

const outcome = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.01, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.constant('oom' as const) },
  { weight: 1, arbitrary: fc.constant('failed' as const) }
);

const signatures = ['s', 't', 'u'];
const worlds: fc.Arbitrary<World> = fc
  .tuple(...signatures.flatMap(s => STRATEGIES.map(of => fc.tuple(fc.constant(cellKey(s, of)), outcome))))
  .map(entries => Object.fromEntries(entries));

/** Each task by its fastest option, one after the other. */
function fastestPlan(request: PlanRequest): Plan {
  const tasks = request.tasks.map(task => ({
    ...task,
    options: [...task.options].sort((a, b) => a.stepSeconds - b.stepSeconds)
  }));
  return serialPlan({ ...request, tasks });
}

/** A session whose trials answer what a world says, and whose tasks `s1`, `s2`, `t1`... have the signature `s`, `t`... */
class Profiling extends SessionHarness {
  /** Keys of the cells tried, in order. */
  readonly tried: string[] = [];

  constructor(private readonly _world: World = {}) {
    super();
    this.connect(DEVICES);
  }

  add(...names: string[]): void {
    this.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name, `hash-${name}`)) });
  }

  override perform(command: Command): void {
    switch (command.kind) {
      case 'inspect':
        for (const { name, hash } of command.body.tasks) {
          const result = { task: name, hash, inspection: inspection(name[0]!, 10, STRATEGIES) };
          this.feed({ kind: 'inspected', result });
        }
        return;
      case 'trial': {
        const { trial, signature, strategy } = command.body;
        this.tried.push(cellKey(signature, strategy));
        this.feed({ kind: 'trial-finished', trial, cell: this.answer(signature, strategy) });
        return;
      }
      case 'plan':
        this.feed({ kind: 'plan-made', plan: fastestPlan(command.request), basis: command.planRevision });
        return;
      default:
        super.perform(command);
    }
  }

  answer(signature: string, strategy: Strategy): ProfileCell {
    const truth = this._world[cellKey(signature, strategy)] ?? 1;
    const cell = { signature, strategy, source: 'measured' as const };
    return typeof truth === 'number'
      ? { ...cell, status: 'ok', stepSeconds: truth }
      : { ...cell, status: truth };
  }

  /** Perform the next few commands. */
  some(count: number): void {
    for (let i = 0; i < count && this.pending.length > 0; i++) {
      this.perform(this.pending.shift()!);
    }
  }
}

/** Every segment of the plan is of a cell that was measured, and works. */
function expectMeasuredPlan({ session: { state } }: Profiling): void {
  const works = new Set(
    state.cells
      .filter(cell => isMeasured(cell) && cell.status === 'ok')
      .map(cell => cellKey(cell.signature, cell.strategy))
  );
  for (const { task, strategy } of state.plan?.plan.segments ?? []) {
    expect(works).toContain(cellKey(task[0]!, strategy));
  }
}

it('profiling ends, tries nothing twice that does not fail, and leaves no signature without a working cell that has one', () => {
  fc.assert(
    fc.property(worlds, world => {
      const sim = new Profiling(world);
      sim.add('s1', 's2', 't1', 'u1');
      sim.feed({ kind: 'plan-requested' });
      sim.settle();
      const { goal, probing, trials, trialsDone, plan } = sim.session.state;
      expect({ goal, probing, trials }).toEqual({ goal: 'none', probing: false, trials: [] });
      // Only what fails is tried with another task.
      const once = sim.tried.filter(key => world[key] !== 'failed');
      expect(new Set(once).size).toBe(once.length);
      expect(once.length).toBeLessThanOrEqual(signatures.length * STRATEGIES.length);
      expect(trialsDone).toBe(sim.tried.length);
      expectMeasuredPlan(sim);
      const failed = sim.session.state.tasks.filter(({ status }) => status === 'failed');
      for (const task of [
        ...plan!.plan.unplanned.map(({ task }) => task),
        ...failed.map(({ spec }) => spec.name)
      ]) {
        const cells = sim.session.state.cells.filter(
          cell => cell.signature === task[0] && cell.status === 'ok'
        );
        expect(cells).toEqual([]);
      }
    }),
    { numRuns: 200 }
  );
});

it('whatever happens in the middle, profiling ends, and a replay gives the same session', () => {
  const happening = fc.constantFrom(
    'some',
    'away',
    'back',
    'add',
    'remove',
    'profile',
    'full',
    'force',
    'exclude',
    'recall',
    'stop',
    'run'
  );
  fc.assert(
    fc.property(
      worlds,
      fc.array(fc.tuple(happening, fc.nat(6)), { maxLength: 30, size: 'max' }),
      (world, happenings) => {
        const sim = new Profiling(world);
        sim.add('s1', 't1');
        for (const [what, number] of happenings) {
          switch (what) {
            case 'away':
              sim.pending = [];
              sim.feed({ kind: 'agent-away' });
              break;
            case 'back':
              sim.pending = [];
              sim.connect(DEVICES);
              break;
            case 'add':
              sim.add(`${signatures[number % 3]}-${sim.log.length}`);
              break;
            case 'remove':
              sim.feed({ kind: 'stop-requested' });
              sim.settle();
              sim.feed({ kind: 'tasks-removed', tasks: ['t1'] });
              break;
            case 'profile':
              sim.feed({ kind: 'profile-requested' });
              break;
            case 'full':
              sim.feed({ kind: 'profile-requested', full: true });
              break;
            case 'force':
              sim.feed({ kind: 'profile-requested', force: true });
              break;
            case 'exclude':
              sim.feed({ kind: 'profile-requested', excludeTechniques: number % 2 === 0 ? ['ddp'] : [] });
              break;
            case 'recall':
              sim.feed({ kind: 'cells-recalled', cells: [sim.answer('s', STRATEGIES[number]!)] });
              break;
            case 'stop':
              sim.feed({ kind: 'stop-requested' });
              break;
            case 'run':
              sim.feed({ kind: 'run-requested' });
              break;
            default:
              sim.some(number);
          }
        }
        let replayed = emptySession('test', '/tmp/test');
        for (const { event, time } of sim.log) {
          replayed = step(replayed, event, time).session;
        }
        expect(replayed).toEqual(sim.session);

        sim.pending = [];
        sim.connect(DEVICES);
        sim.feed({ kind: 'plan-requested' });
        sim.settle();
        const { goal, probing, trials } = sim.session.state;
        expect({ goal, probing, trials }).toEqual({ goal: 'none', probing: false, trials: [] });
        expectMeasuredPlan(sim);
      }
    ),
    { numRuns: 200 }
  );
});

describe('a profile', () => {
  it('that is to be full has every cell that is not ruled out', () => {
    const sim = new Profiling({ [cellKey('s', STRATEGIES[2]!)]: 'oom' });
    sim.add('s1', 's2');
    sim.feed({ kind: 'profile-requested', full: true });
    sim.settle();
    const { cells } = sim.session.state;
    expect(new Set(cells.map(cell => strategyKey(cell.strategy)))).toEqual(
      new Set(STRATEGIES.map(strategyKey))
    );
    expect(cells.every(cell => isMeasured(cell) || cell.status === 'pruned')).toBe(true);
  });

  it('is made of measurements and of what is thought of the rest, never published as a plan', () => {
    const sim = new Profiling({ [cellKey('s', STRATEGIES[0]!)]: 1000 });
    sim.add('s1');
    sim.feed({ kind: 'profile-requested' });
    sim.settle();
    const { cells, plan } = sim.session.state;
    expect(plan).toBeUndefined();
    expect(cells.filter(isMeasured).length).toBe(sim.tried.length);
    expect(sim.tried.length).toBeLessThan(STRATEGIES.length);
  });

  it('leaves out excluded techniques', () => {
    const sim = new Profiling();
    sim.add('s1', 't1');
    sim.feed({ kind: 'profile-requested', full: true, excludeTechniques: ['ddp'] });
    sim.settle();
    expect(sim.tried.filter(key => key.includes('ddp'))).toEqual([]);
    expect(sim.session.state.excludeTechniques).toEqual(['ddp']);
  });

  it('is not made again for a plan asked for after it, unless forced', () => {
    const sim = new Profiling();
    sim.add('s1', 't1');
    sim.feed({ kind: 'profile-requested' });
    sim.settle();
    const { length } = sim.tried;
    sim.feed({ kind: 'plan-requested' });
    expect(sim.session.state).toMatchObject({ planning: true, trials: [] });
    sim.settle();
    expect(sim.tried).toHaveLength(length);
    sim.feed({ kind: 'profile-requested', force: true });
    sim.settle();
    expect(sim.tried).toHaveLength(2 * length);
  });

  it('does not try again what failed', () => {
    const sim = new Profiling(
      Object.fromEntries(STRATEGIES.map(of => [cellKey('s', of), 'failed' as const]))
    );
    sim.add('s1');
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    const { length } = sim.tried;
    sim.feed({ kind: 'plan-requested' });
    sim.settle();
    expect(sim.tried).toHaveLength(length);
    expect(sim.status('s1')).toBe('failed');
  });

  it('tries side by side as much as devices allow', () => {
    const sim = new Profiling();
    sim.add('s1', 't1', 'u1');
    sim.some(1);
    sim.feed({ kind: 'profile-requested' });
    const running = sim.session.state.trials.filter(trial => trial.status === 'running');
    const used = running.flatMap(trial => trial.devices);
    expect(new Set(used).size).toBe(used.length);
    expect(used).toHaveLength(DEVICES);
  });

  it('takes no answer of the planner that came too late', () => {
    const sim = new Profiling();
    sim.add('s1');
    sim.feed({ kind: 'profile-requested' });
    while (!sim.session.state.probing) {
      sim.some(1);
    }
    const [question] = sim.take('plan');
    sim.feed({ kind: 'stop-requested' });
    sim.perform(question!);
    expect(sim.session.state).toMatchObject({ goal: 'none', probing: false, trials: [] });
    expect(sim.session.state.plan).toBeUndefined();
  });

  it('that the planner fails on ends with its error', () => {
    const sim = new Profiling();
    sim.add('s1');
    sim.feed({ kind: 'profile-requested' });
    while (!sim.session.state.probing) {
      sim.some(1);
    }
    const error = { code: 'bad-plan', message: 'No.' };
    sim.feed({ kind: 'plan-failed', basis: sim.session.planRevision, error });
    expect(sim.session.state).toMatchObject({ goal: 'none', probing: false, notices: [error] });
  });
});
