import type { SearchedSweep } from '../../../src/core/search/pointTasks.js';
import type { TaskSpec } from '../../../src/core/wire/messages.js';

/** What the points of a sweep have in common; the hash stands for the code. */
export const TEMPLATE: TaskSpec = {
  name: 'net',
  sweep: 'net',
  params: {},
  seed: 0,
  payload: '0123456789abcdef.pkl',
  hash: 'code',
  trainingHash: 'training',
  origin: 'cell',
  source: 'def net(): ...'
};

/** A sweep of a learning rate, a width and a number of layers. */
export function sweepOf(more: Partial<SearchedSweep> = {}): SearchedSweep {
  return {
    name: 'net',
    template: TEMPLATE,
    space: {
      lr: { low: 1e-5, high: 0.1, scale: 'log' },
      width: { values: [64, 128, 256], texts: ['64', '128', '256'] },
      layers: { low: 2, high: 8, scale: 'linear', whole: true, stride: 2 }
    },
    points: 54,
    search: 'random',
    seed: 0,
    ...more
  };
}
