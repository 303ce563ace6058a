import { expect, it } from 'vitest';
import { fusedCell, fusedTrials } from '../../../src/core/profiling/fusedSpeeds.js';
import type { ProfileCell } from '../../../src/core/wire/messages.js';

const strategy = { technique: 'single', devices: 1 };
const way = { base: 'base', strategy };

function cell(fused: number, stepSeconds: number, more: Partial<ProfileCell> = {}): ProfileCell {
  return { signature: 'base', strategy, fused, status: 'ok', source: 'measured', stepSeconds, ...more };
}

const of = (cells: ProfileCell[], count: number): number | undefined =>
  fusedCell(cells, way, count, 1)?.stepSeconds;

it('a fused step lies on the line through what was measured, from one task alone on', () => {
  const cells = [cell(8, 4.5)];
  expect(of(cells, 8)).toBe(4.5);
  expect(of(cells, 2)).toBeCloseTo(1.5);
  expect(of([cell(2, 1.2), ...cells], 5)).toBeCloseTo(1.2 + 3 * 0.55);
  // The memory is that of more tasks.
  expect(fusedCell([cell(8, 4.5, { peakBytes: 80 })], way, 4, 1)).toMatchObject({ fused: 4, peakBytes: 80 });
});

it('what a run measured of itself counts, also for sizes beside its own', () => {
  const tried = [cell(2, 1.2), cell(8, 4.2)];
  expect(of(tried, 4)).toBeCloseTo(2.2);
  const trained = [...tried, cell(4, 2.6, { trained: 1 })];
  expect(of(trained, 4)).toBe(2.6);
  expect(of(trained, 3)).toBeCloseTo(1.9);
  expect(of(trained, 6)).toBeCloseTo(3.4);
});

it('of more tasks than were tried, or than fit, nothing is known', () => {
  expect(of([], 2)).toBeUndefined();
  expect(of([cell(2, 1.2)], 3)).toBeUndefined();
  expect(of([cell(8, 4), cell(4, 0, { status: 'oom' })], 4)).toBeUndefined();
  expect(of([cell(2, 1.2), cell(8, 0, { status: 'oom' })], 2)).toBe(1.2);
  expect(of([cell(8, 4, { model: 'other' })], 2)).toBe(1 + 3 / 7);
  expect(fusedCell([cell(8, 4, { model: 'a' })], { ...way, model: 'b' }, 2, 1)).toBeUndefined();
});

it('is tried with as many tasks as there are, up to eight, and with two; with half as many where they do not fit', () => {
  expect(fusedTrials([], way, 16)).toEqual([8, 2]);
  expect(fusedTrials([], way, 5)).toEqual([5, 2]);
  expect(fusedTrials([], way, 2)).toEqual([2]);
  expect(fusedTrials([], way, 1)).toEqual([]);
  expect(fusedTrials([cell(8, 4)], way, 16)).toEqual([2]);
  expect(fusedTrials([cell(8, 0, { status: 'oom' })], way, 16)).toEqual([4, 2]);
  expect(fusedTrials([cell(8, 0, { status: 'oom' }), cell(2, 0, { status: 'failed' })], way, 16)).toEqual([]);
  expect(fusedTrials([cell(8, 4), cell(2, 2)], way, 16)).toEqual([]);
});
