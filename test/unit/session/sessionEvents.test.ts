import { describe, expect, it } from 'vitest';
import type { GroupEvent } from '../../../src/core/wire/messages.js';
import { cpuNode, inspection, SessionHarness, spec } from './sessionHarness.js';

function ready(names: string[]): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(2);
  sim.feed({ kind: 'tasks-added', tasks: names.map(name => spec(name)) });
  sim.settle();
  return sim;
}

/** A session with everything measured and its first task started. */
function training(names: string[]): SessionHarness {
  const sim = ready(names);
  sim.feed({ kind: 'profile-requested', full: true });
  sim.settle();
  sim.feed({ kind: 'run-requested' });
  while (sim.pending[0]?.kind !== 'start') {
    sim.perform(sim.pending.shift()!);
  }
  return sim;
}

const cell = { signature: 'sig-a', status: 'ok', source: 'measured', stepSeconds: 2 } as const;
const single = { technique: 'single', devices: 1 };

describe('measurements of earlier sessions', () => {
  it('are marked, and not made again', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, strategy: single }] });
    expect(sim.session.state.cells).toEqual([{ ...cell, strategy: single, recalled: true }]);
    sim.feed({ kind: 'profile-requested', full: true });
    expect(sim.session.state.trials.map(trial => trial.strategy.technique)).toEqual(['ddp']);
  });

  it('stand behind those of this session', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'profile-requested', full: true });
    sim.settle();
    const { cells } = sim.session.state;
    sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, strategy: single }] });
    expect(sim.session.state.cells).toEqual(cells);
  });

  it('save trials that have not begun', () => {
    const sim = ready(['a', 'b']);
    sim.feed({ kind: 'profile-requested' });
    const waiting = sim.session.state.trials.find(trial => trial.status === 'queued')!;
    const { signature, strategy } = waiting;
    sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, signature, strategy }] });
    expect(sim.session.state.trials.map(trial => trial.id)).not.toContain(waiting.id);
  });
});

describe("techniques of the user's own", () => {
  const mine = { name: 'mine', target: 'module:Mine' };

  it('go with every inspection, trial and start', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'techniques-set', techniques: [mine] });
    const [inspect] = sim.take('inspect');
    expect(inspect?.body.techniques).toEqual([mine]);
    sim.perform(inspect!);
    const seen = new Set<string>();
    for (const kind of ['profile-requested', 'run-requested'] as const) {
      sim.feed({ kind });
      for (let command = sim.pending.shift(); command; command = sim.pending.shift()) {
        if (command.kind === 'trial' || command.kind === 'start') {
          expect(command.body.techniques).toEqual([mine]);
          seen.add(command.kind);
        }
        sim.perform(command);
      }
    }
    expect(seen).toEqual(new Set(['trial', 'start']));
  });

  it('are replaced by name, and forgotten when asked', () => {
    const sim = ready(['a']);
    const other = { name: 'other', target: 'module:Other' };
    sim.feed({ kind: 'techniques-set', techniques: [mine, other] });
    sim.feed({
      kind: 'techniques-set',
      techniques: [{ ...mine, target: 'module:Better' }],
      remove: ['other']
    });
    expect(sim.session.state.techniques).toEqual([{ ...mine, target: 'module:Better' }]);
    sim.feed({ kind: 'techniques-set', techniques: [], remove: ['mine'] });
    expect(sim.take('inspect').at(-1)?.body).not.toHaveProperty('techniques');
  });

  it('lose what was measured with their old code, and nothing else', () => {
    const sim = ready(['a']);
    sim.feed({ kind: 'profile-requested', full: true });
    sim.settle();
    sim.feed({ kind: 'techniques-set', techniques: [{ ...mine, name: 'ddp' }] });
    expect(sim.session.state.cells.map(one => one.strategy.technique)).toEqual(['single']);
  });

  it('count as of the last inspection, whichever was asked for first', () => {
    const sim = new SessionHarness();
    sim.connect(2);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')] });
    sim.feed({ kind: 'techniques-set', techniques: [mine] });
    expect(sim.take('inspect')).toHaveLength(2);
    const found = (strategies = [single]) =>
      sim.feed({
        kind: 'inspected',
        result: { task: 'a', hash: 'h', inspection: inspection('s', 10, strategies) }
      });
    found();
    found([single, { technique: 'mine', devices: 1 }]);
    expect(sim.session.state.tasks[0]?.inspection?.feasibility).toHaveLength(2);
  });
});

describe('validations', () => {
  const validated = (step: number, accuracy: number): Pick<GroupEvent, 'step' | 'metrics'> => ({
    step,
    metrics: { accuracy }
  });

  it('are kept in the order of their steps; what runs again is told anew', () => {
    const sim = training(['a']);
    for (const [step, accuracy] of [
      [2, 0.1],
      [4, 0.2],
      [2, 0.15]
    ] as const) {
      sim.group('a', 1, 'validated', validated(step, accuracy));
    }
    expect(sim.session.state.tasks[0]?.validations).toEqual([validated(2, 0.15), validated(4, 0.2)]);
  });
});

it('a loss that is no number ends its task, keeps its last good checkpoint, and lets the others go on', () => {
  const sim = training(['a', 'b']);
  sim.pending = [];
  sim.group('a', 1, 'started', { step: 0 });
  sim.group('a', 1, 'checkpoint', { step: 4 });
  const error = { code: 'loss-not-finite', message: 'The loss became NaN at step 7.' };
  sim.group('a', 1, 'failed', { step: 7, error });
  sim.settle();
  const [a, b] = sim.session.state.tasks;
  expect(a).toMatchObject({ status: 'failed', checkpointStep: 4, error });
  expect(b?.status).toBe('finished');
});

it('devices of another kind have measurements made again, whatever was remembered', () => {
  const sim = ready(['a']);
  sim.feed({ kind: 'cells-recalled', cells: [{ ...cell, strategy: single }] });
  const node = cpuNode(2);
  node.devices.forEach(device => {
    device.memoryBytes = 5;
  });
  sim.feed({ kind: 'node-changed', node });
  expect(sim.session.state.cells).toEqual([]);
});
