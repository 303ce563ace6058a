import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { bestTasks } from '../../../../src/core/view/results/best.js';
import { finishedState, plannedState } from '../../../fixtures/sessionStates.js';

it('names the best few and what they are ranked by', () => {
  const { by, tasks, all } = bestTasks(finishedState(), 2, ENGLISH);
  expect([by, all]).toEqual(['accuracy', 12]);
  expect(tasks).toEqual([
    { task: 'digits-vit-64-3e-3', value: '0.9600' },
    { task: 'digits-vit-64-1e-3', value: '0.9500' }
  ]);
  expect(bestTasks(plannedState(), 2, ENGLISH).tasks).toEqual([]);
});
