import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { roughly } from '../../../../src/core/view/format/format.js';
import { lengthWords } from '../../../../src/core/view/format/lengthWords.js';

it.each([
  [2100, 11_400, 'at most 3 h 10 min, likely 35 min'],
  [2100, undefined, '35 min'],
  [2100, 2100, '35 min'],
  [2100, 2100.001, '35 min']
])('%d of %d seconds', (likely, atMost, words) => {
  expect(lengthWords(likely, atMost, ENGLISH)).toBe(words);
});

it('says both as exactly as they can be', () => {
  expect(lengthWords(2111, 11_399, ENGLISH, roughly)).toBe('at most 3 h 10 min, likely 35 min');
  expect(lengthWords(2111, 2113, ENGLISH, roughly)).toBe('35 min');
});
