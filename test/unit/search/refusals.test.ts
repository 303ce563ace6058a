import { describe, expect, it } from 'vitest';
import { refuseSweep } from '../../../src/core/search/refusals.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import type { Dimension, Failure, SweepSpec } from '../../../src/core/wire/messages.js';
import { sweepOf, TEMPLATE } from './sweeps.js';

function refusal(sweep: SweepSpec): Failure | undefined {
  try {
    refuseSweep(sweep);
  } catch (error) {
    return (error as SaturnError).failure;
  }
  return undefined;
}

const ofRange = (range: Dimension): SweepSpec => sweepOf({ space: { lr: range } });
const grid: SweepSpec = { name: 'net', search: 'grid', seed: 0, space: { width: { values: [1, 2] } } };

describe('a sweep', () => {
  it('is taken when it makes sense', () => {
    const by = { metric: 'accuracy', goal: 'max' as const };
    for (const sweep of [
      sweepOf(),
      sweepOf({ search: 'qmc' }),
      sweepOf({ search: 'tpe', by }),
      { ...grid, stop: { kind: 'asha' as const } },
      { ...grid, template: TEMPLATE, search: 'random' as const, points: 2 }
    ]) {
      expect(refusal(sweep)).toBeUndefined();
    }
  });

  it.each([
    ['1 to 1', ofRange({ low: 1, high: 1, scale: 'linear' }), 'one value', 'lr=1 '],
    ['down', ofRange({ low: 8, high: 2, scale: 'linear' }), 'down to 2', 'lr=2..8'],
    ['log of 0', ofRange({ low: 0, high: 1, scale: 'log' }), 'no logarithm', 'lr=lin:0..1'],
    [
      'a long stride',
      ofRange({ low: 2, high: 8, scale: 'linear', whole: true, stride: 9 }),
      'longer than its range',
      'lr=2..8:3'
    ],
    [
      'a broken stride',
      ofRange({ low: 2, high: 8, scale: 'linear', whole: true, stride: 0.5 }),
      'whole numbers',
      'lr=2..8:2'
    ],
    ['no points', sweepOf({ points: undefined as never }), 'How many?', 'Add --points 30'],
    [
      'more points than there are',
      sweepOf({ space: { width: { values: [1, 2] } }, points: 3 }),
      '2 points in all, not 3',
      '--points 2'
    ],
    [
      'a grid of which some are to be chosen',
      sweepOf({ space: { width: { values: [1, 2] } }, search: 'qmc', points: undefined as never }),
      'how many of the 2 points',
      '--points 2, or leave out --search'
    ],
    [
      'more points than the one there is',
      sweepOf({ space: { width: { values: [1] } }, points: 3 }),
      'has 1 point in all',
      '--points 1'
    ],
    ['tpe by nothing', sweepOf({ search: 'tpe' }), 'The search "tpe"', '--by accuracy'],
    ['a searched grid', sweepOf({ search: 'grid' }), 'all of a grid', '--points']
  ])('is refused for %s, with what to do', (_, sweep, message, hint) => {
    const failure = refusal(sweep);
    expect(failure?.message).toContain(message);
    expect(failure?.hint).toContain(hint);
  });
});
