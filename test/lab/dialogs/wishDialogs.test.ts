import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';
import { expect, it } from 'vitest';
import { askPin } from '../../../src/lab/dialogs/wishDialogs.js';
import { cluster, plannedState } from '../../fixtures/sessionStates.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

it('offers any number of devices first, then each', async () => {
  let answer: Promise<unknown> | undefined;
  await act(async () => {
    answer = askPin(plannedState().tasks.slice(0, 1), cluster, nullTranslator.load(''));
    await new Promise(resolve => setTimeout(resolve));
  });
  const choices = [...document.querySelectorAll<HTMLSelectElement>('.jp-Dialog select')].map(select =>
    [...select.options].map(({ value }) => value)
  );
  expect(choices.map(([first]) => first)).toEqual(['', '']);
  expect(choices[1]?.slice(0, 3)).toEqual(['', '1', '2']);
  await act(async () => {
    document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-reject')?.click();
    expect(await answer).toBeNull();
  });
});
