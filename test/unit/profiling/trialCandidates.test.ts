import { describe, expect, it } from 'vitest';
import { strategyLabel } from '../../../src/core/model/strategy.js';
import type { IGridCell } from '../../../src/core/profiling/profileGrid.js';
import { trialCandidates } from '../../../src/core/profiling/trialCandidates.js';
import type { ProfileCell } from '../../../src/core/wire/messages.js';
import { bad, ok, open, strategy } from './profileCells.js';

const counts = (technique: string, numbers: number[], knobs = {}): IGridCell[] =>
  numbers.map(count => open('s', strategy(technique, count, knobs)));

/** Labels of what a survey thinks open, hopeful and pruned. */
function labels(grid: IGridCell[], measured: ProfileCell[]) {
  const found = trialCandidates(grid, measured);
  const names = (cells: readonly Pick<ProfileCell, 'strategy'>[]) =>
    cells.map(cell => strategyLabel(cell.strategy));
  return { open: names(found.open), hopeful: names(found.promising), pruned: names(found.pruned), found };
}

describe('out of memory', () => {
  it('rules out fewer devices of the same technique and knobs, and no other', () => {
    const grid = [...counts('fsdp', [2, 4, 8]), ...counts('ddp', [2]), open('t', strategy('fsdp', 2))];
    const { open: left, pruned, found } = labels(grid, [bad('s', strategy('fsdp', 4, {}))]);
    expect(pruned).toEqual(['fsdp x2']);
    expect(left).toEqual(['fsdp x8', 'ddp x2', 'fsdp x2']);
    expect(found.pruned[0]).toMatchObject({
      status: 'pruned',
      source: 'interpolated',
      reason: 'fsdp x4 ran out of memory, and this needs more.'
    });
  });

  it('with a knob that saves memory rules out doing without it, but not the other way round', () => {
    const without = open('s', strategy('fsdp', 4, { reshard: false, checkpointing: false }));
    const saving = open('s', strategy('fsdp', 4, { reshard: true, checkpointing: false }));
    const other = open('s', strategy('fsdp', 4, { reshard: false, checkpointing: true }));
    const grid = [without, saving, other];
    expect(trialCandidates(grid, [bad('s', saving.strategy)]).open).toEqual([other]);
    expect(trialCandidates(grid, [bad('s', without.strategy)]).open).toEqual([saving, other]);
  });

  it('says nothing about other knobs', () => {
    const grid = [open('s', strategy('pipeline', 2, { schedule: '1f1b' }))];
    const measured = [bad('s', strategy('pipeline', 4, { schedule: 'interleaved' }))];
    expect(labels(grid, measured).open).toHaveLength(1);
  });

  it('never speaks against what was measured', () => {
    const grid = counts('fsdp', [2, 4]);
    const measured = [ok('s', grid[0]!.strategy), bad('s', grid[1]!.strategy)];
    expect(labels(grid, measured)).toMatchObject({ open: [], pruned: [] });
  });
});

describe('an estimate of memory', () => {
  const grid = [
    open('s', strategy('ddp', 1), { estimateBytes: 1.2e9 }),
    open('s', strategy('ddp', 2), { estimateBytes: 1.1e9 }),
    open('s', strategy('ddp', 4), { estimateBytes: 0.9e9 })
  ];

  it('rules out only what is clearly too large, and names the numbers', () => {
    const { open: left, hopeful, found } = labels(grid, []);
    expect(left).toEqual(['ddp x2', 'ddp x4']);
    expect(hopeful).toEqual(['ddp x4']);
    expect(found.pruned.map(cell => cell.reason)).toEqual([
      'It needs at least 1.12 GiB on each device; they have 954 MiB.'
    ]);
  });
});

describe('a strategy that stands in for a faster one', () => {
  const [fast, slow, slowest] = ['fast', 'slow', 'slowest'].map(name => strategy(name, 2));
  const grid = [
    open('s', fast!),
    open('s', slow!, { insteadOf: fast! }),
    open('s', slowest!, { insteadOf: slow! })
  ];

  it('waits while nobody knows whether that one fits', () => {
    expect(labels(grid, [])).toMatchObject({ open: ['fast x2'], pruned: [] });
  });

  it('deserves no trial where it fits', () => {
    const { open: left, pruned, found } = labels(grid, [ok('s', fast!)]);
    expect(left).toEqual([]);
    expect(pruned).toEqual(['slow x2', 'slowest x2']);
    expect(found.pruned.map(cell => cell.reason)).toEqual(Array(2).fill('fast x2 fits, and is faster.'));
  });

  it.each(['oom', 'failed'] as const)('has its turn where that one is %s', status => {
    expect(labels(grid, [bad('s', fast!, status)])).toMatchObject({ open: ['slow x2'], pruned: [] });
  });

  it('has its turn where that one is ruled out or not feasible', () => {
    const tooLarge = [open('s', fast!, { estimateBytes: 5e9 }), ...grid.slice(1)];
    expect(labels(tooLarge, []).open).toEqual(['slow x2']);
    expect(labels(grid.slice(1), []).open).toEqual(['slow x2']);
  });

  it('is no riddle when two stand in for each other', () => {
    const circle = [open('s', fast!, { insteadOf: slow! }), open('s', slow!, { insteadOf: fast! })];
    expect(labels(circle, [])).toMatchObject({ open: [], pruned: [] });
  });
});

describe('what would rather not fit', () => {
  it('after out of memory, nothing is hoped for below twice as many devices', () => {
    const grid = counts('fsdp', [2, 3, 4, 5, 6, 7, 8]);
    expect(labels(grid, [bad('s', strategy('fsdp', 2, {}))]).hopeful[0]).toBe('fsdp x4');
    expect(labels(grid, [bad('s', strategy('fsdp', 5, {}))]).hopeful).toEqual(['fsdp x8']);
  });

  it('where much memory was used on more devices, little is hoped of few', () => {
    const grid = counts('fsdp', [1, 2, 4]);
    const measured = [ok('s', strategy('fsdp', 8, {}), 1, { peakBytes: 0.35e9 })];
    const { hopeful, open: left } = labels(grid, measured);
    expect(left).toHaveLength(3);
    expect(hopeful).toEqual(['fsdp x2', 'fsdp x4']);
  });
});

it('a technique that keeps failing is given up, unless it worked somewhere', () => {
  const grid = counts('ddp', [1, 2, 4, 8]);
  const failures = [1, 2].map(count => bad('s', strategy('ddp', count, {}), 'failed'));
  const { open: left, found } = labels(grid, failures);
  expect(left).toEqual([]);
  expect(found.pruned.map(cell => cell.reason)).toEqual(Array(2).fill('ddp x1 and ddp x2 failed.'));
  expect(labels(grid, [...failures, ok('s', strategy('ddp', 4, {}))]).open).toEqual(['ddp x8']);
  expect(labels(grid, failures.slice(1)).open).toEqual(['ddp x1', 'ddp x4', 'ddp x8']);
});
