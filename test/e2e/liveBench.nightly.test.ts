import { expect, test } from 'vitest';
import { play } from '../bench/live/play.js';
import { smallScene } from '../bench/live/scenes.js';
import type { IScenario } from '../bench/simulation/scenario.js';

test('a scene of the bench is run with real processes', async () => {
  const scene = smallScene();
  const staying = { name: 'planned once', run: { switches: 'never' } };
  const { runs, planned, trials, switches } = await play(scene, staying);
  expect(trials).toBe(0);
  expect(switches).toBe(0);
  const steps = new Map(scene.tasks.map(({ task }) => [task.name, task.steps]));
  expect(new Map(runs.map(run => [run.task, run.steps]))).toEqual(steps);
  expect(runs.every(({ outcome }) => outcome === 'done')).toBe(true);
  expect(planned.map(({ task }) => task).sort()).toEqual([...steps.keys()].sort());
  expect(runs.every(({ devices, strategy }) => devices.length === strategy.devices)).toBe(true);
  for (const [i, one] of runs.entries()) {
    for (const other of runs.slice(i + 1)) {
      const shared = one.devices.some(device => other.devices.includes(device));
      expect(shared && one.start < other.end && other.start < one.end).toBe(false);
    }
  }
});

test('a rule of the bench gives up the tasks that it is to, whoever comes first, and the others end', async () => {
  const { cluster, tasks } = smallScene();
  const ends: Record<string, number> = { 'task-a2': 5, 'task-c': 5 };
  const scene: IScenario = {
    cluster,
    rule: { eta: 3, first: 5 },
    tasks: tasks.map(entry => {
      const endsAfter = ends[entry.task.name];
      return endsAfter === undefined ? entry : { ...entry, endsAfter };
    })
  };
  const { runs, planned } = await play(scene, { name: 'introspection', run: { switches: 'pays' } });
  expect(planned.every(({ likely, steps }) => likely !== undefined && likely < steps)).toBe(true);
  for (const { task } of scene.tasks) {
    const own = runs.filter(run => run.task === task.name);
    const steps = own.reduce((sum, run) => sum + run.steps, 0);
    if (task.name in ends) {
      expect(own.at(-1)!.outcome).toBe('stopped');
      expect(steps).toBeGreaterThanOrEqual(ends[task.name]!);
      expect(steps).toBeLessThan(task.steps);
    } else {
      expect(own.at(-1)!.outcome).toBe('done');
      expect(steps).toBe(task.steps);
    }
  }
});
