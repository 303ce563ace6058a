import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import type { IProfileRow, ProfileEntry } from '../../../../src/core/view/profile/profileClass.js';
import { foldProfile } from '../../../../src/core/view/profile/profileFold.js';

const cell = {
  signature: 's',
  strategy: { technique: 'single', devices: 1 },
  status: 'ok',
  source: 'measured'
} as const;
const measured: ProfileEntry = { kind: 'measured', cell };
const cannot: ProfileEntry = { kind: 'infeasible', reason: 'it has no layers' };
const open: ProfileEntry = { kind: 'open' };
const pruned: ProfileEntry = { kind: 'pruned', cell };

const row = (label: string, ...entries: ProfileEntry[]): IProfileRow => ({ label, entries });

describe('foldProfile', () => {
  it('shows what has numbers or will have them, and folds the rest into a line', () => {
    const rows = [
      row('single', measured, cannot),
      row('ddp', cannot, { kind: 'running' }),
      row('fsdp', cannot, open),
      row('tensor', cannot, open),
      row('offload', pruned, cannot),
      row('hsdp', cannot, cannot)
    ];
    const { shown, folded, line } = foldProfile(rows, true, ENGLISH);
    expect(shown.map(({ label }) => label)).toEqual(['single', 'ddp']);
    expect(line).toBe('4 more: 2 not needed, 1 left out, 1 not possible');
    expect(folded).toEqual([
      { label: 'fsdp', word: 'not needed' },
      { label: 'tensor', word: 'not needed' },
      { label: 'offload', word: 'left out' },
      { label: 'hsdp', word: 'not possible' }
    ]);
  });

  it('does not call needless what may still be measured', () => {
    expect(foldProfile([row('ddp', open), row('fsdp', open)], false, ENGLISH).line).toBe(
      '2 ways: 2 not measured'
    );
  });

  it('shows a single row without numbers as it is', () => {
    const rows = [row('single', measured), row('hsdp', cannot)];
    expect(foldProfile(rows, true, ENGLISH)).toEqual({ shown: rows, folded: [], line: '' });
  });
});
