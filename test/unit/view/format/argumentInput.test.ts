import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArgument } from '../../../../src/core/view/format/argumentInput.js';
import { argument } from '../../../../src/core/view/format/format.js';
import type { Argument } from '../../../../src/core/wire/messages.js';

describe('parseArgument', () => {
  it.each<[string, Argument | undefined, Argument | undefined]>([
    ['1e-4', 0.1, 0.0001],
    ['64', 32, 64],
    ['1_000', 32, 1000],
    ['None', 0.1, null],
    ['0.5', null, 0.5],
    ['False', true, false],
    ['cnn', 'mlp', 'cnn'],
    ['3e-3', '1e-3', '3e-3'],
    ["'3e-3'", 0.1, '3e-3'],
    ['fast', 0.1, undefined],
    ['1e999', 0.1, undefined],
    ['', 'mlp', undefined],
    ['', 0.1, undefined],
    ["''", 'mlp', ''],
    ['[8, 4]', [64, 32], [8, 4]],
    ['[[1], ["a, b"], []]', [1], [[1], ['a, b'], []]],
    ['[8, 4', [64], undefined],
    ['[8,,4]', [64], undefined],
    ["'open", undefined, undefined]
  ])('%s, which was %j, is %j', (text, like, expected) => {
    expect(parseArgument(text, like)).toEqual(expected);
  });

  it('leaves as it is what is written as it was', () => {
    const scalar = fc.oneof(
      fc.string().filter(text => text === text.trim()),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null)
    );
    fc.assert(
      fc.property(fc.oneof(scalar, fc.array(scalar)), value => {
        expect(parseArgument(argument(value), value)).toBe(value);
      })
    );
  });
});
