import { expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { bestTask, bestTasks } from '../../../../src/core/view/results/best.js';
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

it('has a best one once two have a number', () => {
  const state = finishedState();
  const [first, second] = bestTasks(state, 2, ENGLISH).tasks.map(({ task }) => task);
  const evaluated = (...names: (string | undefined)[]) => ({
    ...state,
    tasks: state.tasks.map(task =>
      names.includes(task.spec.name)
        ? task
        : {
            ...task,
            result: { ...task.result!, metrics: {}, evaluationError: { code: 'no', message: 'No.' } }
          }
    )
  });
  expect(bestTask(evaluated(first, second))).toBe(first);
  expect(bestTask(evaluated(second))).toBeUndefined();
  expect(bestTask(evaluated())).toBeUndefined();
});
