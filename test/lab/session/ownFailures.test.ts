import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ITranslation } from '../../../src/core/model/translation.js';
import type { Failure } from '../../../src/core/wire/messages.js';
import { loadExtension } from '../../../src/lab/session/kernelCalls.js';
import { failureIn } from '../../../src/lab/session/ownFailures.js';
import { notConnected } from '../../../src/lab/session/sessionLine.js';

const FOREIGN: ITranslation = { __: text => `<${text}>`, _n: one => one };

it("says in the reader's language what pages say", () => {
  const { failure } = notConnected();
  const { message, hint, ...rest } = failureIn(failure, FOREIGN);
  expect({ message, hint }).toEqual({ message: `<${failure.message}>`, hint: `<${failure.hint}>` });
  expect(rest).toEqual({ code: failure.code });
});

it('says what a kernel could not load around what Python says', async () => {
  const load = (ename: string) =>
    loadExtension({
      requestExecute: () => ({ done: Promise.resolve({ content: { status: 'error', ename, evalue: '%1' } }) })
    } as never);
  const foreign: ITranslation = { ...FOREIGN, __: (text, ...args) => `<${text}>${args.join()}` };
  for (const ename of ['ModuleNotFoundError', 'OSError']) {
    const failure = (await load(ename)) as Failure;
    expect(failureIn(failure, foreign)).toEqual({
      code: 'load-failed',
      message: `<The kernel could not load jupyterlab_saturn: %1>${ename}: %1`,
      hint: `<${failure.hint}>`
    });
  }
});

it('leaves alone what others say', () => {
  const failure = { code: 'not-connected', message: '100 %% of %1', hint: 'toString' };
  expect(failureIn(failure, FOREIGN)).toBe(failure);
});

it('knows all failures that are made here', () => {
  const folder = 'src/lab/session';
  const sources = readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8'));
  const made = sources.flatMap(source =>
    [...source.matchAll(/message: '([^']+)',\s*hint: '([^']+)'/g)].map(([, message, hint]) => ({
      code: 'any',
      message: message!,
      hint: hint!
    }))
  );
  expect(made.length).toBeGreaterThan(2);
  expect(made.filter(failure => failureIn(failure, FOREIGN) === failure)).toEqual([]);
});
