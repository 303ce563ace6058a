import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import fc from 'fast-check';
import { expect, expectTypeOf, it } from 'vitest';
import { ENGLISH, type ITranslation } from '../../src/core/model/translation.js';

const bundle = nullTranslator.load('jupyterlab_saturn');

/** Pieces of texts as ours are made. */
const text = fc
  .array(fc.constantFrom('%1', '%2', '%3', '%%', '%', ' ', 'a task', '`', 'ü', '3', '+'), { maxLength: 12 })
  .map(pieces => pieces.join(''));
/** Without percent signs: JupyterLab's own takes two that meet for one of the text, also across fillings. */
const filling = fc.oneof(
  fc.integer(),
  fc.string().filter(some => !some.includes('%'))
);
const fillings = fc.tuple(filling, filling, filling);

it('is what a bundle of JupyterLab is', () => {
  expectTypeOf<TranslationBundle>().toExtend<ITranslation>();
});

it('fills in English texts as JupyterLab does', () => {
  fc.assert(
    fc.property(text, fillings, (some, values) => {
      expect(ENGLISH.__(some, ...values)).toBe(bundle.__(some, ...values));
    })
  );
});

it('chooses between one and many as JupyterLab does', () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 3 }), fillings, (one, many, number, values) => {
      fc.pre(one !== '' && many !== '');
      expect(ENGLISH._n(one, many, number, ...values)).toBe(bundle._n(one, many, number, ...values));
    })
  );
});
