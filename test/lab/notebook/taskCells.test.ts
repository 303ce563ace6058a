import { describe, expect, it } from 'vitest';
import { parseTaskCell, taskNames } from '../../../src/lab/notebook/taskCells.js';
import { runningState, SWEEP_SOURCE } from '../../fixtures/sessionStates.js';

describe('parseTaskCell', () => {
  it('reads the sweep of the quickstart: 3 x 2 x 2 tasks', () => {
    const cell = parseTaskCell('c', SWEEP_SOURCE);
    expect(cell).toMatchObject({ id: 'c', sweep: 'digits', size: 12 });
    expect(cell?.grid).toEqual([
      { name: 'model', values: ['mlp', 'cnn', 'vit'] },
      { name: 'batch_size', values: ['32', '64'] },
      { name: 'lr', values: ['1e-3', '3e-3'] }
    ]);
  });

  it.each([
    ['no sweep', '%%saturn task\ndef f():\n  ...', 'f', 1],
    ['only options', '%%saturn task --epochs 3 --seed 1\ndef f(): ...', 'f', 1],
    ['a sweep before another option', '%%saturn task --sweep a=1,2 --steps 10\ndef f(a): ...', 'f', 2],
    ['a sweep after another option', '%%saturn task --steps 10 --sweep a=1,2,3\ndef f(a): ...', 'f', 3],
    ['options that look like axes', '%%saturn task --epochs n=2 --sweep a=1\ndef f(a): ...', 'f', 1],
    ['quoted values', '%%saturn task --sweep a="x y",z b=\'1,2\',3\ndef f(a, b): ...', 'f', 4],
    ['a decorator', '%%saturn task\n@cache\ndef g(): ...', 'g', 1],
    ['blank lines above', '\n\n%%saturn task\ndef g(): ...', 'g', 1],
    ['a trailing comma', '%%saturn task --sweep a=1,2,\ndef f(a): ...', 'f', 2],
    ['Windows line ends', '%%saturn task --sweep a=1,2\r\ndef f(a): ...', 'f', 2],
    ['helpers above the factory', '%%saturn task\ndef helper(): ...\ndef g(): ...', 'g', 1],
    ['a named factory', '%%saturn task --factory f\ndef f(): ...\ndef g(): ...', 'f', 1],
    ['no factory yet', '%%saturn task --sweep a=1,2', null, 2]
  ])('reads %s', (_, source, sweep, size) => {
    expect(parseTaskCell('c', source)).toMatchObject({ sweep, size });
  });

  it.each([
    ['plain code', 'def digits(): ...'],
    ['another magic', '%%time\ndef f(): ...'],
    ['a line magic', '%saturn plan'],
    ['a commented header', '# %%saturn task\ndef f(): ...'],
    ['a longer word', '%%saturn tasks'],
    ['nothing', '']
  ])('leaves out %s', (_, source) => {
    expect(parseTaskCell('c', source)).toBeNull();
  });
});

describe('taskNames', () => {
  it('are those the kernel gives, in the same order', () => {
    const cell = parseTaskCell('cell-sweep', SWEEP_SOURCE);
    const made = runningState().tasks.filter(task => task.status !== 'invalid');
    expect(cell && taskNames(cell)).toEqual(made.map(task => task.spec.name));
  });

  it('replace what a name may not hold', () => {
    const cell = parseTaskCell('c', '%%saturn task --sweep a="x y",b/c\ndef _f(a): ...');
    expect(cell && taskNames(cell)).toEqual(['f-x_y', 'f-b_c']);
  });

  it('are the factory alone without a sweep', () => {
    const cell = parseTaskCell('c', '%%saturn task\ndef f(): ...');
    expect(cell && taskNames(cell)).toEqual(['f']);
  });
});
