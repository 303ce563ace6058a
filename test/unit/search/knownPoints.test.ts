import { expect, it } from 'vitest';
import { knownPoints } from '../../../src/core/search/knownPoints.js';
import type { TaskSpec, TaskState, Validation } from '../../../src/core/wire/messages.js';
import { spec } from '../session/sessionHarness.js';
import { sweepOf } from './sweeps.js';

const sweep = sweepOf({ by: { metric: 'accuracy', goal: 'max' } });

function task(lr: number, more: Partial<TaskState> = {}, told: Partial<TaskSpec> = {}): TaskState {
  return {
    spec: { ...spec(`net-${lr}`), sweep: 'net', params: { lr, extra: 1 }, ...told },
    status: 'running',
    attempts: [],
    progress: { step: 0 },
    ...more
  };
}

/** What is known of one task. */
function known(more: Partial<TaskState>): unknown {
  const { params, ...rest } = knownPoints(sweep, [task(1, more)])[0]!;
  expect(params).toEqual({ lr: 1 });
  return rest;
}

it('has the points of the sweep in their order, and neither clones nor others', () => {
  const tasks = [task(3), task(1), task(2, {}, { cloneOf: 'net-1' }), task(4, {}, { sweep: 'other' })];
  expect(knownPoints(sweep, tasks).map(({ params }) => params.lr)).toEqual([3, 1]);
});

it('tells what came of one that was trained to its end', () => {
  const finished = (metrics: Record<string, number | null>): Partial<TaskState> => ({
    status: 'finished',
    result: { loss: 0.5, metrics },
    rungs: [{ step: 3, value: 0.1 }]
  });
  expect(known(finished({ accuracy: 0.9 }))).toEqual({ state: 'complete', value: 0.9 });
  expect(known(finished({ eval_accuracy: 0.8 }))).toEqual({ state: 'complete', value: 0.8 });
  expect(known(finished({ accuracy: null }))).toEqual({ state: 'complete' });
  expect(known(finished({ f1: 1 }))).toEqual({ state: 'running' });
  const byLoss = sweepOf({ by: { metric: 'loss', goal: 'min' } });
  expect(knownPoints(byLoss, [task(1, finished({}))])[0]).toMatchObject({ state: 'complete', value: 0.5 });
  expect(knownPoints(byLoss, [task(1, finished({ loss: 0.7 }))])[0]).toMatchObject({ value: 0.7 });
});

it('tells how far one came that was given up, and how good it was then', () => {
  const givenUp = { rule: 'asha', step: 9, place: 3, of: 4 };
  const rungs = [
    { step: 3, value: 0.1 },
    { step: 9, value: 0.2 }
  ];
  const validations = [{ step: 5, metrics: { accuracy: 0.7 } }];
  const stopped = { status: 'stopped' as const, givenUp };
  expect(known({ ...stopped, rungs, validations })).toEqual({ state: 'stopped', step: 9, value: 0.2 });
  expect(known({ ...stopped, rungs: [{ step: 9, value: null }] })).toEqual({ state: 'stopped', step: 9 });
  expect(known({ ...stopped, givenUp: { rule: 'asha', step: 2 } })).toEqual({ state: 'stopped' });
});

it('counts one that somebody has stopped by what was seen of it, if anything was', () => {
  const validations: Validation[] = [
    { step: 5, metrics: { accuracy: 0.7 } },
    { step: 6, metrics: { f1: 0.7 } }
  ];
  expect(known({ status: 'stopped', validations })).toEqual({ state: 'stopped', step: 5, value: 0.7 });
  expect(known({ status: 'stopped' })).toEqual({ state: 'running' });
});

it('tells what diverged, and what does not work, unless that is no fault of its', () => {
  const error = { code: 'loss-not-finite', message: 'Training diverged.' };
  expect(known({ status: 'failed', error })).toEqual({ state: 'stopped' });
  const oom = { code: 'out-of-memory', message: 'It fits nowhere.' };
  expect(known({ status: 'failed', error: oom })).toEqual({ state: 'failed' });
  expect(known({ status: 'invalid', error: oom })).toEqual({ state: 'failed' });
  const attempt = { number: 1, blameless: true } as TaskState['attempts'][number];
  expect(known({ status: 'failed', error: oom, attempts: [attempt] })).toEqual({ state: 'running' });
});

it('counts what trains, or waits to, as running', () => {
  for (const status of ['inspecting', 'ready', 'starting', 'running', 'stopping'] as const) {
    expect(known({ status, rungs: [{ step: 3, value: 0.1 }] })).toEqual({ state: 'running' });
  }
});
