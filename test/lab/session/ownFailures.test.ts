import { expect, it } from 'vitest';
import { ENGLISH } from '../../../src/core/model/translation.js';
import { failureIn } from '../../../src/lab/session/ownFailures.js';
import { notConnected } from '../../../src/lab/session/sessionLine.js';

it('says in English what pages say', () => {
  expect(failureIn(notConnected().failure, ENGLISH)).toEqual(notConnected().failure);
});

it('leaves alone what others say', () => {
  const failure = { code: 'task-failed', message: '100 %% of %1', hint: 'toString' };
  expect(failureIn(failure, ENGLISH)).toBe(failure);
  expect(failureIn({ ...failure, code: 'toString' }, ENGLISH).message).toBe('100 %% of %1');
});
