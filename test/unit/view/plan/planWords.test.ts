import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { planWords } from '../../../../src/core/view/plan/planWords.js';
import type { Plan } from '../../../../src/core/wire/messages.js';
import { plannedState } from '../../../fixtures/sessionStates.js';

const plan = (part: Partial<Plan>): Plan => ({ ...plannedState().plan!.plan, makespan: 360, ...part });
const baselines: Plan['baselines'] = [
  { name: 'max', makespan: 800 },
  { name: 'current-practice', makespan: 684 },
  { name: 'optimus-dynamic', makespan: 400 }
];

it('says in a few words what a plan comes to', () => {
  expect(planWords(plan({ optimal: true, baselines }), ENGLISH)).toEqual([
    'takes 6 min',
    'cannot be shorter',
    '1.9x faster than running them one by one'
  ]);
  expect(planWords(plan({ lowerBound: 342, gap: 360 / 342 - 1, baselines: [] }), ENGLISH)).toEqual([
    'takes 6 min',
    'at most 5 % could be saved'
  ]);
  expect(planWords(plan({ method: 'given', baselines: [{ name: 'max', makespan: 365 }] }), ENGLISH)).toEqual([
    'takes 6 min',
    'given by you',
    'as fast as running them one by one'
  ]);
  expect(planWords(plan({ segments: [] }), ENGLISH)).toEqual(['nothing to train']);
});
