import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { plan } from '../../../src/core/planner/plan.js';
import type { PlanOption, PlanRequest } from '../../../src/core/wire/messages.js';

const ONE = { technique: 'single', devices: 1 };
const BOTH = { technique: 'ddp', devices: 2, nodes: 2 };
const elsewhere = [{ node: 'n1', devices: ['cpu0'] as [string] }];
const running = { strategy: BOTH, node: 'n0', devices: ['cpu0'] as [string], elsewhere };

/** A task that runs over two nodes of one device, and another that waits. */
function question(wide: number, switches: PlanRequest['switches']): PlanRequest {
  const device = { id: 'cpu0', kind: 'cpu' as const, name: 'CPU', memoryBytes: 1e9 };
  const option = (strategy: PlanOption['strategy'], stepSeconds: number): PlanOption => ({
    strategy,
    stepSeconds,
    startSeconds: 1,
    stopSeconds: 1,
    ...(strategy === BOTH && { span: 2 })
  });
  const single = option(ONE, 1);
  return {
    cluster: { nodes: ['n0', 'n1'].map(id => ({ id, devices: [device] })) },
    tasks: [
      { name: 'wide', steps: 100, options: [single, option(BOTH, wide)], running },
      { name: 'other', steps: 10, options: [single] }
    ],
    switches,
    seed: 0,
    budget: { iterations: 500 }
  };
}

describe('a task that runs over two nodes', () => {
  it.each(['none', 'running'] as const)('holds the devices of both while it stays: %s', async switches => {
    const request = question(0.2, switches);
    const made = await plan(request);
    expect(checkPlan(request, made)).toEqual([]);
    const [first, second] = [...made.segments].sort((a, b) => a.start - b.start);
    expect(first).toMatchObject({ task: 'wide', node: 'n0', elsewhere, start: 0, overheadSeconds: 0 });
    expect(second!.start).toBe(first!.end);
  });

  it('moves to one node where that ends all sooner', async () => {
    const request = question(1.2, 'running');
    const made = await plan(request);
    expect(checkPlan(request, made)).toEqual([]);
    expect(made.segments.find(({ task }) => task === 'wide')!.strategy).toEqual(ONE);
    expect(made.makespan).toBeLessThan(110);
  });

  it('stays where its strategy is not offered to any other', async () => {
    const request = question(0.2, 'running');
    const [wide, other] = request.tasks;
    const only = { ...request, tasks: [{ ...wide!, options: [wide!.options[1]!] }, other!] };
    const made = await plan(only);
    expect(checkPlan(only, made)).toEqual([]);
    expect(made.segments.find(({ task }) => task === 'wide')!.elsewhere).toEqual(elsewhere);
  });

  it('is refused on a device that is not there, or that another task has', async () => {
    const request = question(0.2, 'none');
    const [wide, other] = request.tasks;
    const strange = { ...running, elsewhere: [{ node: 'n2', devices: ['cpu0'] as [string] }] };
    await expect(plan({ ...request, tasks: [{ ...wide!, running: strange }] })).rejects.toThrow('"n2"');
    const taken = { ...other!, running: { strategy: ONE, node: 'n1', devices: ['cpu0'] as [string] } };
    await expect(plan({ ...request, tasks: [wide!, taken] })).rejects.toThrow('both run on device');
  });
});
