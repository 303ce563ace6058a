import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SaturnError } from '../../../src/core/wire/failure.js';
import type { TaskClone } from '../../../src/core/wire/messages.js';
import { keepWeights } from '../../../src/engine/keptWeights.js';
import { spec } from '../session/sessionHarness.js';

const parent = spec('a');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'saturn-weights-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Write a checkpoint of the parent. */
function save(place: string, step: number, more: object = {}): void {
  const path = join(folder, 'tasks', 'a', 'checkpoints', place, `step-${String(step).padStart(9, '0')}`);
  mkdirSync(path, { recursive: true });
  const identity = `${parent.trainingHash ?? parent.hash}/seed-0/steps-9`;
  const manifest = { v: 1, step, identity, files: { 'weights.pt': { size: 1, crc32: step } }, ...more };
  writeFileSync(join(path, 'weights.pt'), 'w');
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(manifest));
}

/** The step of the weights that a clone gets, or why it gets none. */
function kept(from: Pick<TaskClone, 'weights' | 'step'>): number | string {
  try {
    const { checkpoint, step } = keepWeights(folder, parent, { task: 'a', params: {}, ...from });
    expect(readdirSync(join(folder, 'weights', checkpoint)).sort()).toEqual(['manifest.json', 'weights.pt']);
    return step;
  } catch (error) {
    const { code, message, hint } = (error as SaturnError).failure;
    return `${code}: ${message} ${hint}`;
  }
}

it('finds what a finished task ended with', () => {
  save('final', 9, { ended: 9 });
  expect(kept({ weights: 'last' })).toBe(9);
  expect(kept({ step: 9 })).toBe(9);
  expect(kept({ step: 4 })).toMatch(
    /^no-checkpoint: .* There are those of: 9. Those before its end are dropped/
  );
  expect(kept({ weights: 'best' })).toMatch(/^no-best/);
});

it('says that the last weights are gone where the best were kept', () => {
  save('final', 6, { ended: 9, bestStep: 6 });
  expect(kept({ weights: 'best' })).toBe(6);
  expect(kept({ step: 6 })).toBe(6);
  expect(kept({ weights: 'last' })).toMatch(
    /^no-checkpoint: .* only its best model was kept, of step 6. .*--keep/
  );
});

it('finds the last checkpoint beside the best model where it was to stay', () => {
  save('final', 6, { ended: 9, bestStep: 6 });
  save('', 9);
  expect(kept({ weights: 'last' })).toBe(9);
  expect(kept({ weights: 'best' })).toBe(6);
  expect(kept({ step: 7 })).toContain('There are those of: 6, 9.');
});

it('finds the best and the last of a task that trains', () => {
  save('', 3);
  save('', 5);
  save('best', 4);
  expect(kept({ weights: 'last' })).toBe(5);
  expect(kept({ step: 3 })).toBe(3);
  expect(kept({ weights: 'best' })).toBe(4);
});
