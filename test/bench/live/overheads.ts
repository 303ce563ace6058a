import { trueStepSeconds } from '../simulation/scenario.js';
import { play } from './play.js';
import { type IOverheads, probeScene } from './scenes.js';

/**
 * Measure what starts and ends cost here, while others train: of two tasks for each number of devices the quicker one,
 * as the first ranks of a session find no library loaded.
 */
export async function measureOverheads(devices: number): Promise<IOverheads> {
  const scene = probeScene(devices);
  const { runs } = await play(scene, { name: 'probe' });
  const starts = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const { task, strategy, start, end, steps, overheadSeconds } of runs) {
    const entry = scene.tasks.find(({ task: { name } }) => name === task)!;
    const training = steps * trueStepSeconds(entry, strategy);
    const ending = Math.max(0, end - start - overheadSeconds - training);
    starts.set(strategy.devices, Math.min(overheadSeconds, starts.get(strategy.devices) ?? Infinity));
    ends.set(strategy.devices, Math.min(ending, ends.get(strategy.devices) ?? Infinity));
  }
  return { start: count => starts.get(count) ?? 0, end: count => ends.get(count) ?? 0 };
}
