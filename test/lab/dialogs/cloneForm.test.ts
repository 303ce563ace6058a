import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { cloneInput, cloneOutcome, type ICloneInput } from '../../../src/lab/dialogs/cloneForm.js';
import { plannedState } from '../../fixtures/sessionStates.js';

const trans = nullTranslator.load('');
const { tasks } = plannedState();
const one = tasks.slice(0, 1);
const two = tasks.slice(0, 2);

const outcome = (of: typeof tasks, part: Partial<ICloneInput>, step?: number) =>
  cloneOutcome(of, { ...cloneInput(of, step), ...part }, trans);

const params = (of: typeof tasks, edits: Record<string, string>) => ({
  params: { ...cloneInput(of).params, ...edits }
});

describe('cloneOutcome', () => {
  it('begins with what tasks have in common', () => {
    expect(cloneInput(one)).toMatchObject({
      params: { model: 'mlp', batch_size: '32', lr: '0.001' },
      epochs: '2',
      steps: '',
      seed: '0'
    });
    expect(cloneInput(two).params).toEqual({ model: 'mlp', batch_size: '32', lr: '' });
  });

  it('makes of each task what was edited, and leaves the rest', () => {
    expect(outcome(one, params(one, { lr: '1e-4' }))).toEqual({
      clones: [{ task: 'digits-mlp-32-1e-3', params: { lr: 0.0001 }, weights: 'scratch' }],
      names: ['digits-mlp-32-1e-3-lr=0.0001'],
      problems: new Map()
    });
    expect(outcome(two, { seed: '7' }).clones).toEqual([
      { task: 'digits-mlp-32-1e-3', params: {}, seed: 7, weights: 'scratch' },
      { task: 'digits-mlp-32-3e-3', params: {}, seed: 7, weights: 'scratch' }
    ]);
  });

  it('begins with the weights of a step, as somebody has said already', () => {
    expect(outcome(one, {}, 400).clones).toEqual([{ task: 'digits-mlp-32-1e-3', params: {}, step: 400 }]);
    expect(outcome(one, {}, 400).names).toEqual(['digits-mlp-32-1e-3-from-400']);
    expect(outcome(one, { weights: 'last' }).names).toEqual(['digits-mlp-32-1e-3-from-last']);
  });

  it.each<[string, Partial<ICloneInput>, string]>([
    ['nothing is other', {}, ''],
    ['a number is a word', params(one, { lr: 'fast' }), 'params.lr'],
    ['epochs are none', { epochs: '0' }, 'epochs'],
    ['steps are a fraction', { epochs: '', steps: '1.5' }, 'steps'],
    ['both lengths are given', { steps: '5' }, 'steps'],
    ['the seed is below 0', { seed: '-1' }, 'seed'],
    ['no step is said', { weights: 'checkpoint' }, 'step'],
    ['the name has a blank', { seed: '1', name: 'a b' }, 'name']
  ])('says what is wrong when %s', (_, part, field) => {
    const { problems } = outcome(one, part);
    expect([...problems.keys()]).toEqual([field]);
    expect(problems.get(field)).not.toBe('');
  });

  it('takes no weights of a loop of its own', () => {
    const native = one.map(task => ({ ...task, spec: { ...task.spec, native: true } }));
    expect([...outcome(native, { weights: 'last' }).problems.keys()]).toEqual(['weights']);
    expect(outcome(native, { seed: '1' }).problems.size).toBe(0);
  });

  it('one that began with other weights can be made again from scratch', () => {
    const warmStart = { task: 'x', hash: 'h', step: 3, seed: 0, checkpoints: ['c'] };
    const warm = one.map(task => ({ ...task, spec: { ...task.spec, warmStart } }));
    expect(outcome(warm, {}).problems.size).toBe(0);
    expect([...outcome(warm, { weights: 'start' }).problems.keys()]).toEqual(['']);
  });
});
