import { expect, it } from 'vitest';
import type { SearchedSweep } from '../../../src/core/search/pointTasks.js';
import { refuseSweep } from '../../../src/core/search/refusals.js';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import { sweepOf } from './sweeps.js';

/** Why a population is refused, and what to do. */
function refusal(more: Partial<SearchedSweep>): string {
  const by = { metric: 'accuracy', goal: 'max' } as const;
  try {
    refuseSweep(sweepOf({ by, stop: { kind: 'pbt' }, ...more }));
  } catch (error) {
    const { code, message, hint } = (error as SaturnError).failure;
    return `${code}: ${message} ${hint}`;
  }
  return 'none';
}

it('takes a population that has something to change, and enough members', () => {
  expect(refusal({})).toBe('none');
  expect(refusal({ search: 'qmc', points: 4, stop: { kind: 'pbt', first: 9 } })).toBe('none');
});

it('refuses one that nothing could be changed of, naming the fix', () => {
  const width = { values: [64, 128, 192, 256] };
  expect(refusal({ space: { width }, points: 4 })).toBe(
    'bad-stop: pbt changes what has a range while it trains, and "net" has none: width has values to choose from, which stay with the weights. Give what may change while it trains a range, e.g. width=1e-4..1e-1, or say --stop asha.'
  );
});

it('refuses one that others learn from, that is too small, or has numbers of another rule', () => {
  expect(refusal({ search: 'tpe' })).toMatch(/^bad-stop: .*--search random/);
  expect(refusal({ points: 3 })).toMatch(/^bad-stop: .* there are 3\. Add --points 4 or more/);
  expect(refusal({ stop: { kind: 'pbt', eta: 3 } })).toMatch(/^bad-stop: pbt takes no eta/);
});
