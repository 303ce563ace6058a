import { expect, it } from 'vitest';
import { CurveWindow } from '../../../src/lab/detail/curveWindow.js';
import { runningState } from '../../fixtures/sessionStates.js';
import { curveOf } from './detailHarness.js';

it('forgets tasks that are not there any more', () => {
  const [a, b] = runningState().tasks;
  const window = new CurveWindow('loss', null, 100);
  const names = [a!.spec.name, b!.spec.name];
  for (const question of window.questions([a!, b!], 2)) {
    window.take(
      question,
      names.map(name => curveOf(name, 10))
    );
  }
  expect([...window.curves.keys()]).toEqual(names);
  window.keep(new Set([b!.spec.name]));
  expect([...window.curves.keys()]).toEqual([b!.spec.name]);
  expect([window.isMissing(a!), window.isMissing(b!)]).toEqual([true, false]);
});
