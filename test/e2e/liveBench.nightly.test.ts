import { expect, test } from 'vitest';
import { play } from '../bench/live/play.js';
import { smallScene } from '../bench/live/scenes.js';

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
