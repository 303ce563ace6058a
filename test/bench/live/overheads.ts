import type { ProfileCell } from '../../../src/core/wire/messages.js';
import { LiveSession } from './liveSession.js';
import type { IOverheads } from './scenes.js';

/** Seconds of a step of the task that is tried. */
const STEP = 0.05;

/** Measure what starts and checkpoints cost here, with trials as the engine makes them. */
export async function measureOverheads(devices: number): Promise<IOverheads> {
  const session = await LiveSession.open(devices);
  try {
    const counts = Array.from({ length: devices }, (_, index) => index + 1);
    const speeds = { plain: Object.fromEntries(counts.map(count => [count, STEP])) };
    await session.add(new Map([['probe', { speeds, steps: 100 }]]));
    await session.send('profile', { full: true, excludeTechniques: session.otherTechniques() });
    const { cells } = await session.until(({ goal }) => goal === 'none');
    const tell = (pick: (cell: ProfileCell) => number | undefined) => (count: number) =>
      pick(cells.find(({ strategy }) => strategy.devices === count)!) ?? 0;
    return { start: tell(cell => cell.startSeconds), save: tell(cell => cell.saveSeconds) };
  } finally {
    await session.close();
  }
}
