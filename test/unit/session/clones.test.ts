import { describe, expect, it } from 'vitest';
import { cloneSpec, needsWeights, parentOf } from '../../../src/core/session/clones.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import type { TaskClone, TaskSpec } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';

const digest = (text: string): string => `#${text}`;

/** A session with one task, `mlp`, built. */
function session(more: Partial<TaskSpec> = {}): SessionHarness {
  const sim = new SessionHarness();
  sim.connect(1);
  const parent = { ...spec('mlp', 'h', 'cell'), params: { lr: 0.1, width: 8 }, epochs: 2, ...more };
  sim.feed({ kind: 'tasks-added', tasks: [parent] });
  sim.settle();
  return sim;
}

const clone = (sim: SessionHarness, edits: Partial<TaskClone>, step?: number): TaskSpec =>
  cloneSpec(
    sim.session,
    { task: 'mlp', params: {}, ...edits },
    step === undefined ? undefined : { checkpoint: `c${step}`, step },
    digest
  );

const refusal = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return (error as SaturnError).failure.code;
  }
  return undefined;
};

describe('a clone', () => {
  it('is its parent but for the edits, and belongs to no cell', () => {
    const made = clone(session(), { params: { lr: 0.01 } });
    expect(made).toMatchObject({ params: { lr: 0.01, width: 8 }, epochs: 2, seed: 0, cloneOf: 'mlp' });
    expect(made.name).toBe('mlp-lr=0.01');
    expect(made.payload).toBe(spec('mlp').payload);
    expect([made.origin, made.warmStart, made.trainingHash]).toEqual([undefined, undefined, undefined]);
  });

  it('has a length of its own: steps in the place of epochs', () => {
    const made = clone(session(), { steps: 7, seed: 3 });
    expect([made.steps, made.epochs, made.seed]).toEqual([7, undefined, 3]);
    expect(made.name).toBe('mlp-steps=7-seed=3');
  });

  it('is another task for other values, another length, other weights', () => {
    const sim = session({ trainingHash: 't' });
    const all = [
      clone(sim, { params: { lr: 0.01 } }),
      clone(sim, { params: { lr: 0.02 } }),
      clone(sim, { steps: 7 }),
      clone(sim, { weights: 'last' }, 3),
      clone(sim, { weights: 'last' }, 4)
    ];
    expect(new Set(all.map(({ hash }) => hash)).size).toBe(5);
    expect(new Set(all.map(({ trainingHash }) => trainingHash)).size).toBe(5);
    expect(all[0]!.hash).toBe(clone(sim, { params: { lr: 0.01 }, name: 'other' }).hash);
  });

  it('begins with the weights of a step, and a clone of it with those of both', () => {
    const sim = session();
    const made = clone(sim, { weights: 'last', seed: 5 }, 400);
    expect(made.name).toBe('mlp-seed=5-from-400');
    expect(made.warmStart).toEqual({ task: 'mlp', hash: 'h', step: 400, seed: 0, checkpoints: ['c400'] });
    sim.feed({ kind: 'tasks-added', tasks: [made] });
    const next = cloneSpec(
      sim.session,
      { task: made.name, params: {}, step: 10, name: 'next' },
      { checkpoint: 'c10', step: 10 },
      digest
    );
    expect(next.warmStart).toMatchObject({ task: made.name, seed: 0, checkpoints: ['c400', 'c10'] });
    const again = cloneSpec(
      sim.session,
      { task: made.name, params: { lr: 1 }, weights: 'start', name: 'again' },
      undefined,
      digest
    );
    expect(again.warmStart).toMatchObject({ step: 0, checkpoints: ['c400'] });
  });

  it('needs a checkpoint only when it begins with one', () => {
    const needs = (edits: Partial<TaskClone>): boolean => needsWeights({ task: 'mlp', params: {}, ...edits });
    expect(
      [{}, { weights: 'scratch' }, { weights: 'start' }, { step: 0 }].map(e => needs(e as TaskClone))
    ).toEqual([false, false, false, false]);
    expect([{ weights: 'last' }, { weights: 'best' }, { step: 4 }].map(e => needs(e as TaskClone))).toEqual([
      true,
      true,
      true
    ]);
  });
});

describe('what makes no clone', () => {
  it('is told with a reason', () => {
    const sim = session();
    expect(refusal(() => clone(sim, { task: 'nobody' }))).toBe('unknown-task');
    expect(refusal(() => clone(sim, {}))).toBe('same-task');
    expect(refusal(() => clone(sim, { params: { lr: 0.1 } }))).toBe('same-task');
    expect(refusal(() => clone(sim, { weights: 'start' }))).toBe('same-task');
    expect(refusal(() => clone(sim, { weights: 'last', step: 3 }, 3))).toBe('bad-clone');
    expect(refusal(() => clone(sim, { params: { lr: 1 }, name: 'mlp' }))).toBe('duplicate-task');
    expect(refusal(() => clone(sim, { weights: 'last' }, 3))).toBeUndefined();
  });

  it('takes no weights of a loop of its own', () => {
    const sim = session({ native: true });
    expect(refusal(() => clone(sim, { weights: 'last' }, 3))).toBe('native-task');
    expect(refusal(() => clone(sim, { step: 3 }, 3))).toBe('native-task');
    expect(clone(sim, { params: { lr: 1 } }).native).toBe(true);
    const found = session();
    found.feed({
      kind: 'inspected',
      result: { task: 'mlp', hash: 'h', inspection: { ...inspection('s'), native: 'a reason' } }
    });
    expect(refusal(() => parentOf(found.session, { task: 'mlp', params: {}, weights: 'best' }))).toBe(
      'native-task'
    );
  });

  it('corrects one of the same name that could not be built', () => {
    const sim = session();
    const wrong = clone(sim, { params: { lr: -1 }, name: 'new' });
    sim.feed({ kind: 'tasks-added', tasks: [wrong] });
    sim.feed({
      kind: 'inspected',
      result: { task: 'new', hash: wrong.hash, error: { code: 'bad', message: 'Bad.' } }
    });
    expect(clone(sim, { params: { lr: 0.2 }, name: 'new' }).params.lr).toBe(0.2);
  });
});
