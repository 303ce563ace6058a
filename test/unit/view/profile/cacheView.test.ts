import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { cacheView, type IRemembered } from '../../../../src/core/view/profile/cacheView.js';
import { definedSession, emptySession, T0 } from '../sessionStates.js';

const folder = '/home/ada/.cache/jupyterlab-saturn/profiles';
const one = (signature: string, age: number, device = 'NVIDIA H200', devices = 8): IRemembered => ({
  ...{ signature, device, devices, software: 'torch 2.13.0' },
  at: T0 - age
});
const measurements = [
  one('mlp-32', 30),
  one('cnn-32', 7200),
  one('another', 86_400),
  one('mlp-32', 600, 'Xeon', 2)
];

it('tells how many there are for which devices, whose, how old and where', async () => {
  const { text, html } = cacheView(definedSession(), { folder, measurements }, T0, ENGLISH);
  await expect(`${text}\n`).toMatchFileSnapshot('../output/cache.txt');
  await expect(`${html.trimEnd()}\n`).toMatchFileSnapshot('../output/cache.html');
});

it('says what comes next when there is nothing', () => {
  const { text } = cacheView(emptySession(), { folder, measurements: [] }, T0, ENGLISH);
  expect(text).toContain('%saturn profile');
  expect(text).toContain(folder);
});

it('says what is wrong with the folder', () => {
  const trouble = { code: 'no-profile-cache', message: 'It is not writable.', hint: 'Make it so.' };
  for (const some of [[], measurements]) {
    const { text } = cacheView(definedSession(), { folder, measurements: some, trouble }, T0, ENGLISH);
    expect(text).toContain('It is not writable.\n  Make it so.');
  }
});
