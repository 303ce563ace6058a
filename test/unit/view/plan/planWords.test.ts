import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { planWords } from '../../../../src/core/view/plan/planWords.js';
import type { Plan } from '../../../../src/core/wire/messages.js';
import { EPOCH, plannedState } from '../../../fixtures/sessionStates.js';

const words = (part: Partial<Plan>, startedAt?: number): string[] => {
  const plan: Plan = { ...plannedState().plan!.plan, makespan: 360, ...part };
  return planWords({ plan, madeAt: EPOCH, fresh: true, ...(startedAt && { startedAt }) }, EPOCH, ENGLISH);
};
const baselines: Plan['baselines'] = [
  { name: 'max', makespan: 800 },
  { name: 'current-practice', makespan: 684 },
  { name: 'optimus-dynamic', makespan: 400 }
];

it('says in a few words what a plan comes to', () => {
  expect(words({ optimal: true, baselines })).toEqual([
    'Finishes in 6 min',
    'cannot be shorter',
    '1.9x faster than running them one by one'
  ]);
  expect(words({ lowerBound: 342, gap: 360 / 342 - 1, baselines: [] })).toEqual([
    'Finishes in 6 min',
    'at most 5 % could be saved'
  ]);
  expect(words({ method: 'given', baselines: [{ name: 'max', makespan: 365 }] })).toEqual([
    'Finishes in 6 min',
    'given by you',
    'as fast as running them one by one'
  ]);
  expect(words({ segments: [] })).toEqual(['Nothing to train']);
  expect(words({ optimal: true, baselines: [] }, EPOCH)).toEqual([
    'Planned at 14:00 to take 6 min',
    'cannot be shorter'
  ]);
});
