import { describe, expect, it } from 'vitest';
import { sharedParts } from '../../../src/core/wire/sharedParts.js';
import { runningState } from '../../fixtures/sessionStates.js';

const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('a state that is told as a whole once more', () => {
  it('is the one that is known when nothing in it is other', () => {
    const known = copied(runningState());
    expect(sharedParts(known, copied(known))).toBe(known);
  });

  it('shares all with it but what is other', () => {
    const known = copied(runningState());
    const told = copied(known);
    told.rev += 1;
    told.tasks[0]!.progress.step += 1;
    const shared = sharedParts(known, told);
    expect(shared).toEqual(told);
    expect(shared.plan).toBe(known.plan);
    expect(shared.tasks.filter((task, i) => task !== known.tasks[i])).toEqual([told.tasks[0]]);
    expect(shared.tasks[0]?.spec).toBe(known.tasks[0]?.spec);
  });

  it.each([
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [[1, 2], [1]],
    [[1], { 0: 1 }],
    [null, { a: 1 }],
    [{ a: [] }, { a: null }]
  ])('does not take %j for %j', (before, after) => {
    const shared = sharedParts<unknown>(before, after);
    expect(shared).toEqual(after);
    expect(shared).not.toBe(before);
  });
});
