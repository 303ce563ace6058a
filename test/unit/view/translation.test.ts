import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENGLISH, type ITranslation } from '../../../src/core/model/translation.js';
import type { ILoggedCurve } from '../../../src/core/view/curves/curveChart.js';
import { render } from '../../../src/core/view/render.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { loggedBy } from './loggedCurves.js';
import {
  emptySession,
  explainedSession,
  finishedSession,
  intricateSession,
  profilingSession,
  runningSession,
  T0,
  variedSession
} from './sessionStates.js';

describe('ENGLISH', () => {
  it.each([
    [ENGLISH.__('%2 before %1', 'a', 'b'), 'b before a'],
    [ENGLISH.__('%%1 and 5 %% of %1', 7), '%1 and 5 % of 7'],
    [ENGLISH.__('`%%%%saturn task`'), '`%%saturn task`'],
    [ENGLISH.__('`%saturn plan`'), '`%saturn plan`'],
    [ENGLISH.__('%1', '%1 %% %2'), '%1 %% %2'],
    [ENGLISH._n('%1 step of %2', '%1 steps of %2', 1, 'a'), '1 step of a'],
    [ENGLISH._n('%2 step', '%2 steps', 1234, '1,234'), '1,234 steps'],
    [ENGLISH._n('one', 'many', 0), 'many']
  ])('%s', (text, expected) => expect(text).toBe(expected));
});

/** Every text in other letters: `Жжж %1 жж`. */
const foreign = (text: string): string => text.replace(/\p{L}/gu, 'ж');
const FOREIGN: ITranslation = {
  __: (text, ...fillings) => ENGLISH.__(foreign(text), ...fillings),
  _n: (one, many, ...rest) => ENGLISH._n(foreign(one), foreign(many), ...rest)
};

/** Units and names that are the same in every language. */
const SYMBOLS = /^(?:s|ms|min|h|d|[KMGT]iB|B|[KMT]|UTC|x\d+|e)$/;

/** All words of a state and of what was logged, and of the labels made of them. */
function wordsOf(state: SessionState, curves: readonly ILoggedCurve[]): Set<string> {
  return new Set(JSON.stringify([state, curves]).match(/\p{L}[\p{L}\d]*/gu));
}

describe('no word stands in the code untranslated', () => {
  it.each([
    'cluster',
    'tasks',
    'check',
    'profile',
    'techniques',
    'plan',
    'schedule',
    'status',
    'run',
    'results',
    'log',
    'report'
  ] as const)('%s', view => {
    const sessions = [
      emptySession(),
      explainedSession(),
      finishedSession(),
      intricateSession(),
      profilingSession(),
      runningSession(),
      variedSession()
    ];
    for (const state of sessions) {
      const curves = loggedBy(state);
      const known = wordsOf(state, curves);
      const { text } = render(view, state, T0 + 12, FOREIGN, undefined, curves);
      const words = text.match(/\p{L}[\p{L}\d]*/gu) ?? [];
      expect(words.filter(word => !/ж/.test(word) && !known.has(word) && !SYMBOLS.test(word))).toEqual([]);
    }
  });
});

describe('every text is a literal, where JupyterLab looks for it', () => {
  const files = ['src/core/view', 'src/lab'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(file => /\.tsx?$/.test(file))
      .map(file => join(folder, file))
  );

  it.each(files)('%s', file => {
    const source = readFileSync(file, 'utf8');
    for (const [call, receiver, method, first] of source.matchAll(/(\w+)\.(__|_n|_p|_np)\(\s*(.)/g)) {
      expect({ call, receiver, method, quote: /['"]/.test(first!) }).toMatchObject({
        receiver: expect.stringMatching(/^_?trans$/),
        quote: true
      });
    }
  });
});
