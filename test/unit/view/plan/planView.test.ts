// @vitest-environment jsdom
import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { render } from '../../../../src/core/view/render.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { explainedSession, plannedSession, runningSession, T0 } from '../sessionStates.js';

const HOW = 'told when asked for, by %saturn plan';

function planText(state: SessionState): string {
  return render('plan', state, T0 + 12, ENGLISH).text;
}

it('says how to have alternatives told that a plan made while tasks train does not tell', () => {
  expect(planText(runningSession())).toContain(HOW);
  expect(planText({ ...runningSession(), planning: true })).not.toContain(HOW);
});

it('does not where they are told, or nothing trains', () => {
  expect(planText(explainedSession())).not.toContain(HOW);
  expect(planText(plannedSession())).not.toContain(HOW);
});
