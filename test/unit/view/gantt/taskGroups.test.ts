import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { taskGroups } from '../../../../src/core/view/gantt/taskGroups.js';

describe('taskGroups', () => {
  it('groups tasks that differ in numbers only', () => {
    const tasks = ['digits-vit-32-1e-3', 'digits-vit-64-0.003', 'digits-mlp-32-1e-3'];
    const groups = taskGroups(tasks, ENGLISH);
    expect(groups.groups).toEqual(['mlp', 'vit']);
    expect(tasks.map(groups.indexOf)).toEqual([1, 1, 0]);
    expect(tasks.map(groups.shortName)).toEqual(['vit-32-1e-3', 'vit-64-0.003', 'mlp-32-1e-3']);
    expect(tasks.map(groups.briefName)).toEqual(['32-1e-3', '64-0.003', '32-1e-3']);
  });

  it('finds the model wherever it stands in the name', () => {
    const groups = taskGroups(['f-1e-3-cnn-32', 'f-3e-3-cnn-32', 'f-1e-3-vit-32'], ENGLISH);
    expect(groups.groups).toEqual(['cnn', 'vit']);
  });

  it('keeps whole names of several sweeps and of a single task', () => {
    expect(taskGroups(['a-1', 'b-1'], ENGLISH).shortName('a-1')).toBe('a-1');
    expect(taskGroups(['a-1'], ENGLISH).shortName('a-1')).toBe('a-1');
    expect(taskGroups([], ENGLISH).groups).toEqual([]);
  });

  it('falls back to sweeps, then to "other", when there are more models than colours', () => {
    const models = [...'abcdefghij'];
    expect(
      taskGroups(
        models.map(model => `f-${model}x`),
        ENGLISH
      ).groups
    ).toEqual(['f']);
    const many = taskGroups(
      models.map(model => `${model}-1`),
      ENGLISH
    );
    expect(many.groups).toHaveLength(8);
    expect(many.groups.at(-1)).toBe('other');
    expect(many.indexOf('j-1')).toBe(7);
  });
});
