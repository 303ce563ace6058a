import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import {
  argument,
  bytes,
  compactCount,
  count,
  deviceCount,
  duration,
  listing,
  metric,
  moment,
  percent,
  stepTime,
  taskCount
} from '../../../../src/core/view/format/format.js';
import { timeTicks } from '../../../../src/core/view/gantt/timeTicks.js';

describe('argument', () => {
  it.each([
    [0.1, '0.1'],
    ['mlp', 'mlp'],
    [null, 'None'],
    [[64, [null, 'a']], '[64, [None, a]]']
  ])('%j', (value, text) => {
    expect(argument(value)).toBe(text);
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [0.0004, 'under 1 ms'],
    [0.25, '0.25 s'],
    [4.2, '4.2 s'],
    [9.96, '10 s'],
    [24.46, '24.5 s'],
    [59.96, '1 min'],
    [80, '1 min 20 s'],
    [3599.6, '1 h'],
    [7500, '2 h 5 min'],
    [86_399, '1 d'],
    [273_600, '3 d 4 h'],
    [-80, '-1 min 20 s'],
    [Number.NaN, '–'],
    [undefined, '–']
  ])('%s', (seconds, text) => expect(duration(seconds, ENGLISH)).toBe(text));
});

describe('numbers', () => {
  it.each([
    [bytes(512), '512 B'],
    [bytes(310 * 2 ** 20), '310 MiB'],
    [bytes(1.5 * 2 ** 30), '1.5 GiB'],
    [bytes(1023 * 2 ** 20), '0.999 GiB'],
    [count(1234567), '1,234,567'],
    [compactCount(950), '950'],
    [compactCount(999_950), '1 M'],
    [compactCount(7_241_732_096), '7.24 B'],
    [percent(0.034, ENGLISH), '3.4 %'],
    [percent(0.0003, ENGLISH), 'under 0.1 %'],
    [percent(0, ENGLISH), '0 %'],
    [percent(0.4217, ENGLISH), '42 %'],
    [metric(0.98765, ENGLISH), '0.9877'],
    [metric(2.4567, ENGLISH), '2.457'],
    [metric(0, ENGLISH), '0.0000'],
    [metric(0.00004, ENGLISH), '4.00e-5'],
    [metric(null, ENGLISH), 'not a number'],
    [metric(undefined, ENGLISH), '–'],
    [stepTime(0.00085), '0.85 ms'],
    [stepTime(0.0421), '42 ms'],
    [stepTime(1.304), '1.3 s'],
    [taskCount(1, ENGLISH), '1 task'],
    [deviceCount(12345, ENGLISH), '12,345 devices'],
    [listing(['a'], ENGLISH), 'a'],
    [listing(['a', 'b', 'c'], ENGLISH), 'a, b and c'],
    [listing(['a', 'b', 'c', 'd'], ENGLISH, 2), 'a, b and 2 more'],
    [moment(1_790_000_000), '2026-09-21 14:13 UTC']
  ])('%s', (actual, expected) => expect(actual).toBe(expected));
});

describe('timeTicks', () => {
  it.each([
    [0.8, '0, 0.2 s, 0.4 s, 0.6 s, 0.8 s'],
    [24, '0, 5 s, 10 s, 15 s, 20 s'],
    [100, '0, 15 s, 30 s, 45 s, 1 min, 1 min 15 s, 1 min 30 s'],
    [4000, '0, 10 min, 20 min, 30 min, 40 min, 50 min, 1 h'],
    [30 * 3600, '0, 6 h, 12 h, 18 h, 1 d, 1 d 6 h'],
    [90 * 86_400, '0, 14 d, 28 d, 42 d, 56 d, 70 d, 84 d']
  ])('up to %d s', (end, labels) => {
    expect(
      timeTicks({ from: 0, to: end }, 7, ENGLISH)
        .map(tick => tick.label)
        .join(', ')
    ).toBe(labels);
  });
});
