import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanOption, PlanRequest } from '../../../src/core/wire/messages.js';

const STRATEGY = { technique: 'single', devices: 1 };

/** An option for some devices of the node `box`. */
function on(devices: string[], stepSeconds: number, among = [{ node: 'box', devices }]): PlanOption {
  return { strategy: STRATEGY, stepSeconds, startSeconds: 0, among };
}

/** Two tasks of 10 steps on a node with a fast and a slow device. */
function request(options: PlanOption[]): PlanRequest {
  const devices = ['fast', 'slow'].map(id => ({ id, kind: 'cuda' as const, name: id, memoryBytes: 1e9 }));
  return {
    cluster: { nodes: [{ id: 'box', devices }] },
    tasks: ['a', 'b'].map(name => ({ name, steps: 10, options })),
    seed: 0,
    budget: { iterations: 200 }
  };
}

describe('options measured for some devices of a node', () => {
  it('are used on these, each with its speed', async () => {
    const asked = request([on(['fast'], 1), on(['slow'], 1.5)]);
    const made = await plan(asked);
    expect(checkPlan(asked, made)).toEqual([]);
    const ends = Object.fromEntries(made.segments.map(({ devices, end }) => [devices.join(), end]));
    expect(ends).toEqual({ fast: 10, slow: 15 });
  });

  it('leave devices unused that are too slow to help', async () => {
    const made = await plan(request([on(['fast'], 1), on(['slow'], 5)]));
    expect(made.makespan).toBe(20);
    expect(made.segments.map(({ devices }) => devices)).toEqual([['fast'], ['fast']]);
  });

  it('are refused on others by the checker', async () => {
    const asked = request([on(['fast'], 1)]);
    const made = await plan(asked);
    const moved = { ...made, segments: made.segments.map(one => ({ ...one, devices: ['slow'] })) };
    expect(checkPlan(asked, moved).join()).toContain('is not measured for devices "slow" of node "box"');
  });

  it('plan a task that runs on by what holds where it runs', async () => {
    const asked = request([on(['fast'], 1), on(['slow'], 1.5)]);
    asked.tasks[0]!.running = { strategy: STRATEGY, node: 'box', devices: ['slow'] };
    const made = await plan(asked);
    expect(checkPlan(asked, made)).toEqual([]);
    expect(made.segments.find(({ task }) => task === 'a')).toMatchObject({ devices: ['slow'], end: 15 });
  });

  it('are told apart, unless one device could use either', async () => {
    await expect(plan(request([on(['fast'], 1), on(['fast', 'slow'], 2)]))).rejects.toThrow('two entries');
    await expect(plan(request([on(['fast'], 1), on([], 2, [])]))).rejects.toThrow('two entries');
  });

  it('are of no use where these devices are gone', async () => {
    const made = await plan(request([on(['gone'], 1)]));
    expect(made.unplanned).toEqual(
      ['a', 'b'].map(task => ({ task, reason: 'single x1 is measured only for node box.' }))
    );
  });
});
