import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asMessage,
  type Inspection,
  type Plan,
  type ProfileCell,
  type Segment,
  type SessionState,
  type StateChange,
  type TaskState,
  type TrialState
} from '../../../src/core/wire/messages.js';
import { stateChange, withChange } from '../../../src/core/wire/stateChange.js';
import { finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';

/** As a message carries it. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What a client makes of a change that it is told. */
function followed(before: SessionState, after: SessionState): SessionState {
  const change = sent(stateChange(before, after));
  asMessage('engine', { v: 1, id: 'e1', type: 'change', body: change });
  return withChange(before, change);
}

const params = fc.dictionary(
  fc.constantFrom('lr', 'rate', 'sizes'),
  fc.oneof(
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(fc.constant(null))
  )
);
const task = fc.record<TaskState>(
  {
    spec: fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      sweep: fc.constant('f'),
      params,
      seed: fc.nat(2),
      payload: fc.constant('0123456789abcdef.pkl'),
      hash: fc.constantFrom('h', 'g')
    }),
    status: fc.constantFrom('ready', 'running', 'finished'),
    attempts: fc.constantFrom<TaskState['attempts']>(
      [],
      [{ number: 1, strategy: { technique: 'ddp', devices: 2 }, node: 'n', devices: ['0'], requestedAt: 1 }]
    ),
    progress: fc.record({ step: fc.nat(3), loss: fc.constantFrom(null, 1.5) }, { requiredKeys: ['step'] }),
    inspection: fc.record<Inspection>({
      signature: fc.constantFrom('s', 't'),
      ...{
        steps: fc.integer({ min: 1, max: 2 }),
        stepsPerEpoch: fc.constant(1),
        samples: fc.constant(1),
        batchSize: fc.constant(1)
      },
      ...{ parameters: fc.constant(1), warnings: fc.constant([]) },
      feasibility: fc.constantFrom(
        [],
        [{ strategy: { technique: 'ddp', devices: 2 }, feasible: true }],
        [{ strategy: { technique: 'ddp', devices: 2 }, feasible: false, reason: 'too small' }]
      )
    }),
    moving: fc.boolean(),
    unlike: fc.record({ factor: fc.constantFrom(1, 2) }),
    result: fc.record({ metrics: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom(null, 1)) })
  },
  { requiredKeys: ['spec', 'status', 'attempts', 'progress'] }
);
const cell = fc.record<ProfileCell>({
  signature: fc.constantFrom('s', 't'),
  strategy: fc.record({ technique: fc.constantFrom('ddp', 'fsdp'), devices: fc.integer({ min: 1, max: 2 }) }),
  status: fc.constantFrom('ok', 'oom'),
  source: fc.constant('measured')
});
const trial = fc.record<TrialState>({
  id: fc.constantFrom('t1', 't2', 't3'),
  task: fc.constantFrom('a', 'b'),
  signature: fc.constant('s'),
  strategy: fc.constant({ technique: 'ddp', devices: 2 }),
  status: fc.constantFrom('queued', 'running')
});
const segments = fc.array(
  fc.record<Segment>(
    {
      task: fc.constantFrom('a', 'b', 'c', 'd'),
      strategy: fc.constantFrom({ technique: 'ddp', devices: 2 }, { technique: 'single', devices: 1 }),
      node: fc.constant('n'),
      devices: fc.constantFrom<string[]>(['0'], ['0', '1']),
      start: fc.nat(2),
      end: fc.integer({ min: 3, max: 5 }),
      steps: fc.nat(2),
      fusion: fc.constant('f')
    },
    { requiredKeys: ['task', 'strategy', 'node', 'devices', 'start', 'end', 'steps'] }
  ),
  { maxLength: 6 }
);
const made = fc.tuple(segments, fc.nat(3)).map(([list, carryOn]): Plan => {
  const { plan: whole } = plannedState().plan!;
  return { ...whole, segments: list, ...(carryOn > 0 && { carryOn }) };
});
const plan = fc.record(
  {
    plan: fc.oneof(made, fc.constantFrom(plannedState().plan!.plan, runningState().plan!.plan)),
    madeAt: fc.nat(2),
    startedAt: fc.nat(2),
    fresh: fc.boolean(),
    given: fc.boolean()
  },
  { requiredKeys: ['plan', 'madeAt', 'fresh'] }
);
const state = fc.record<SessionState>(
  {
    session: fc.constant('s'),
    folder: fc.constant('/f'),
    rev: fc.nat(9),
    goal: fc.constantFrom('none', 'run'),
    agent: fc.constantFrom('connected', 'away'),
    planning: fc.boolean(),
    tasks: fc.array(task, { maxLength: 8 }),
    cells: fc.array(cell, { maxLength: 6 }),
    trials: fc.array(trial, { maxLength: 4 }),
    trialsDone: fc.nat(2),
    excludeTechniques: fc.array(fc.constantFrom('ddp', 'fsdp'), { maxLength: 2 }),
    notices: fc.array(fc.record({ code: fc.constantFrom('a', 'b'), message: fc.constant('m') }), {
      maxLength: 2
    }),
    plan,
    progress: fc.constantFrom('one', 'two'),
    selected: fc.array(fc.constantFrom('a', 'b'))
  },
  {
    requiredKeys: [
      'session',
      'folder',
      'rev',
      'goal',
      'agent',
      'planning',
      'tasks',
      'cells',
      'trials',
      'trialsDone',
      'excludeTechniques',
      'notices'
    ]
  }
);

/** A state that was made of another: most of it is the same, some of it in another order. */
const pair = fc.tuple(state, state, fc.infiniteStream(fc.nat(2))).map(([before, other, dice]) => {
  const draw = (): number => dice.next().value as number;
  const mixed = <T>(mine: T[], others: T[]): T[] =>
    [...mine.filter(() => draw() > 0), ...others.filter(() => draw() > 1)].sort(() =>
      draw() === 0 ? 1 : -1
    );
  const after: SessionState = {
    ...(draw() > 0 ? before : other),
    rev: other.rev,
    tasks: mixed(before.tasks, other.tasks),
    cells: mixed(before.cells, other.cells),
    trials: mixed(before.trials, other.trials)
  };
  return [before, after] as const;
});

describe('stateChange', () => {
  it('makes of any state any other one', () => {
    fc.assert(
      fc.property(fc.oneof(pair, fc.tuple(state, state)), ([before, after]) => {
        const [a, b] = [sent(before), sent(after)];
        expect(followed(before, after)).toEqual(b);
        expect(followed(a, b)).toEqual(b);
        expect(before).toEqual(a);
      }),
      { numRuns: 100 }
    );
  });

  it('says of a state without tasks, a plan or a run how it gets them, and loses them', () => {
    const states = [plannedState(), runningState(), finishedState()];
    for (const before of states) {
      for (const after of states) {
        expect(followed(before, after)).toEqual(sent(after));
      }
    }
  });

  it('tells of what has changed only', () => {
    const before = runningState();
    const [first, ...others] = before.tasks;
    const progress = { ...first!.progress, step: 99 };
    const after = { ...before, rev: before.rev + 1, tasks: [{ ...first!, progress }, ...others] };
    expect(stateChange(before, after)).toEqual({
      base: before.rev,
      rev: after.rev,
      tasks: { patch: [{ at: 0, patch: { progress } }] }
    });
  });

  it('tells a plan anew only when it is another one', () => {
    const before = plannedState();
    const after = { ...before, plan: { ...before.plan!, fresh: false } };
    expect(stateChange(before, after).plan).toEqual({ fresh: false });
    expect(stateChange(before, after).session).toBeUndefined();
  });

  it('tells of a plan made anew what is other in it', () => {
    const before = runningState();
    const { plan: old } = before.plan!;
    const later = old.segments.map(one => ({ ...one, start: one.start + 1, end: one.end + 1 }));
    const [gone, ...stay] = later;
    const planned = { ...old, makespan: old.makespan + 1, segments: stay };
    const change = stateChange(before, { ...before, plan: { ...before.plan!, plan: planned } });
    expect(change.planned).toEqual({ makespan: planned.makespan });
    expect(change.segments?.keep).toEqual([[1, stay.length]]);
    expect(change.segments?.put).toBeUndefined();
    expect(change.segments?.patch).toContainEqual({
      at: 0,
      patch: { start: stay[0]!.start, end: stay[0]!.end }
    });
    expect(JSON.stringify(change)).not.toContain(gone!.task);
  });

  it('tells nothing of what is made anew and is the same', () => {
    const state = runningState();
    expect(stateChange(state, sent(state))).toEqual({ base: state.rev, rev: state.rev });
  });

  it('does not look into what is identical', () => {
    const before = runningState();
    const barred = new Proxy(before.tasks[1]!, {
      get: (task, key) => (key === 'spec' ? task.spec : expect.unreachable(String(key)))
    });
    const tasks = [before.tasks[0]!, barred];
    const after = { ...before, tasks: [{ ...before.tasks[0]!, moving: true }, barred] };
    expect(stateChange({ ...before, tasks }, after).tasks).toEqual({
      patch: [{ at: 0, patch: { moving: true } }]
    });
  });
});

describe('withChange', () => {
  it('leaves identical what has not changed', () => {
    const before = runningState();
    const after = sent(before);
    after.tasks[2]!.moving = true;
    const next = followed(before, after);
    expect(next.tasks.map((task, index) => task === before.tasks[index])).toEqual(
      before.tasks.map((_, index) => index !== 2)
    );
    expect(next.tasks[2]!.spec).toBe(before.tasks[2]!.spec);
    expect(next.cells).toBe(before.cells);
    expect(next.plan).toBe(before.plan);
  });

  it.each<[string, Partial<StateChange>]>([
    ['of another revision', { base: 7 }],
    ['of tasks that are not there', { tasks: { keep: [[0, 99]] } }],
    [
      'that puts a task where there is no place',
      { tasks: { put: [{ at: 99, entry: runningState().tasks[0]! }] } }
    ],
    ['of a task that is not there', { tasks: { patch: [{ at: 99, patch: { moving: true } }] } }]
  ])('refuses a change %s', (_, change) => {
    const before = runningState();
    expect(() => withChange(before, { base: before.rev, rev: 8, ...change })).toThrow('another state');
  });

  it('refuses a change of a plan that is not there', () => {
    const { plan: _, ...before } = runningState();
    expect(() => withChange(before, { base: before.rev, rev: 8, plan: { fresh: false } })).toThrow();
  });
});

describe('the cases that Python follows, too', () => {
  interface ICase {
    why: string;
    before: SessionState;
    change: StateChange;
    after: SessionState;
  }
  const cases: ICase[] = JSON.parse(readFileSync('test/fixtures/changes.json', 'utf8'));
  it.each(cases.map(one => [one.why, one] as const))('%s', (_, { before, change, after }) => {
    expect(withChange(before, change)).toEqual(after);
    expect(followed(before, after)).toEqual(after);
  });
});
