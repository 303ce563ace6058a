import { describe, expect, it } from 'vitest';
import { plan } from '../../../src/core/planner/plan.js';
import { bundled } from '../../../src/core/profiling/taskBundles.js';
import type { PlanRequest, PlanTask } from '../../../src/core/wire/messages.js';
import { cpuNode } from '../session/sessionHarness.js';

const options = (factor: number): PlanTask['options'] => [
  { strategy: { technique: 'single', devices: 1 }, stepSeconds: factor, startSeconds: 2 },
  { strategy: { technique: 'ddp', devices: 2 }, stepSeconds: 0.6 * factor, startSeconds: 3 }
];

function request(tasks: PlanTask[]): PlanRequest {
  return {
    cluster: { nodes: [cpuNode(4)] },
    tasks,
    excludeTechniques: [],
    explain: false,
    seed: 0,
    budget: { iterations: 50 }
  };
}

const many = (count: number): PlanTask[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    steps: 10 + (index % 7),
    options: options(index % 2 === 0 ? 1 : 3)
  }));

const steps = ({ tasks }: PlanRequest): number => tasks.reduce((sum, task) => sum + task.steps, 0);

describe('many tasks of a few kinds', () => {
  it('are planned as a few that have as much to do and begin as often', () => {
    const whole = request(many(1000));
    const few = bundled(whole);
    expect(few.tasks.length).toBeLessThanOrEqual(50);
    expect(steps(few)).toBe(steps(whole));
    const starts = few.tasks.reduce((sum, task) => sum + task.options[0]!.startSeconds, 0);
    expect(starts).toBe(2 * 1000);
    expect(new Set(few.tasks.map(({ name }) => name)).size).toBe(few.tasks.length);
  });

  it('take about as long in a plan of the few', async () => {
    const whole = request(many(200));
    const [all, few] = [await plan(whole), await plan(bundled(whole))];
    expect(few.makespan / all.makespan).toBeGreaterThan(0.95);
    expect(few.makespan / all.makespan).toBeLessThan(1.1);
  });

  it('stay as they are when they are not many, or of their own kinds, or something is asked of them', () => {
    const few = request(many(20));
    expect(bundled(few)).toBe(few);
    const own = request(many(100).map((task, index) => ({ ...task, options: options(1 + index) })));
    expect(bundled(own).tasks).toHaveLength(100);
    const asked = request(many(100).map(task => ({ ...task, deadline: 500 })));
    expect(bundled(asked).tasks).toHaveLength(100);
    const weighted: PlanRequest = { ...request(many(100)), objective: 'weighted-completion' };
    expect(bundled(weighted)).toBe(weighted);
  });
});
