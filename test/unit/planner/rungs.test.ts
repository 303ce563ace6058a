import { expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';

const option = (devices: number, stepSeconds: number) => ({
  strategy: { technique: devices === 1 ? 'single' : 'ddp', devices },
  stepSeconds,
  startSeconds: 1
});

const device = (id: string) => ({ id, kind: 'cpu' as const, name: 'CPU', memoryBytes: 1e9 });

function request(tasks: PlanTask[]): PlanRequest {
  const cluster = { nodes: [{ id: 'node', devices: [device('cpu0'), device('cpu1')] }] };
  return { cluster, tasks, seed: 0, budget: { iterations: 500 } };
}

it('a plan up to a rung tells what all steps take with it and without', async () => {
  const whole = ['a', 'b', 'c', 'd'].map(name => ({ name, steps: 100, options: [option(1, 0.1)] }));
  const rungs = whole.map(task => ({ ...task, steps: 10, later: 90 }));
  const made = await plan(request(rungs));
  // Two rounds of 1 s to start and 10 steps, then two of 90: a start more each.
  expect(made.makespan).toBeCloseTo(4);
  expect(made.segments.map(({ steps }) => steps)).toEqual([10, 10, 10, 10]);
  expect(made.early?.makespan).toBeCloseTo(4 + 20);
  expect(made.early?.without).toBeCloseTo(22);
  expect((await plan(request(whole))).early).toBeUndefined();
});

it('what runs stays up to the rung, and is free after it', async () => {
  const place = { strategy: { technique: 'single', devices: 1 }, node: 'node', devices: ['cpu1'] };
  const running = { name: 'a', steps: 10, later: 10, options: [option(1, 1)], running: place };
  const other = { name: 'b', steps: 20, options: [option(1, 1)] };
  const made = await plan(request([running, other]));
  expect(made.segments.find(({ task }) => task === 'a')).toMatchObject({
    devices: ['cpu1'],
    start: 0,
    end: 10
  });
  expect(made.early?.makespan).toBeCloseTo(21 + 11);
  expect(made.early?.without).toBeCloseTo(21);
});
