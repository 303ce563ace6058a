import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { placeOn, tasksWithin, valuesOn, withBrush } from '../../../../src/core/view/parameters/brushes.js';
import { dimensionsOf, scaleOf } from '../../../../src/core/view/parameters/dimensions.js';
import { notComparable, parameterTable } from '../../../../src/core/view/parameters/parameterText.js';
import {
  allowsLog,
  categoryScale,
  numberLabel,
  numberScale,
  suggestsLog
} from '../../../../src/core/view/parameters/scale.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { definedSession, emptySession, finishedSession } from '../sessionStates.js';

describe('scales', () => {
  it('put the least at 0 and the largest at 1, and keep the order', () => {
    const numbers = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 2 });
    fc.assert(
      fc.property(numbers, fc.boolean(), (values, log) => {
        const scale = numberScale(values, log);
        const sorted = [...values].sort((a, b) => a - b);
        const places = sorted.map(value => scale.place(value) as number);
        expect(
          places.every(
            (place, i) => place >= -1e-9 && place <= 1 + 1e-9 && (i === 0 || place >= places[i - 1]! - 1e-12)
          )
        ).toBe(true);
      })
    );
  });

  it('have a few round ticks', () => {
    expect(numberScale([0, 1], false).ticks.map(({ label }) => label)).toEqual([
      '0',
      '0.2',
      '0.4',
      '0.6',
      '0.8',
      '1'
    ]);
    expect(numberScale([1e-5, 1e-2], true).ticks.map(({ label }) => label)).toEqual([
      '1e-5',
      '1e-4',
      '0.001',
      '0.01'
    ]);
    expect(numberScale([5], false).place(5)).toBe(0.5);
    expect(numberScale([32, 64, 32, 63.9], false, true).ticks.map(({ label }) => label)).toEqual([
      '32',
      '63.9'
    ]);
  });

  it('suggest logarithms where numbers are far apart, and refuse them where there are none', () => {
    expect([suggestsLog([1e-4, 1e-1]), suggestsLog([1, 2]), suggestsLog([0, 100]), suggestsLog([])]).toEqual([
      true,
      false,
      false,
      false
    ]);
    expect(allowsLog([0, 1])).toBe(false);
    expect(numberScale([0, 10], true).kind).toBe('linear');
  });

  it('put names at equal distances', () => {
    const scale = categoryScale(['a', 'b', 'c']);
    expect([scale.place('a'), scale.place('b'), scale.place('c'), scale.place('d')]).toEqual([
      0,
      0.5,
      1,
      undefined
    ]);
    expect(categoryScale(['a']).place('a')).toBe(0.5);
  });

  it.each([
    [0.00001, '1e-5'],
    [0.001, '0.001'],
    [0.30000000000000004, '0.3'],
    [2_500_000, '2.5e6'],
    [64, '64'],
    [0, '0']
  ])('write %d as %s', (value, label) => expect(numberLabel(value)).toBe(label));
});

describe('in what tasks differ', () => {
  const state = finishedSession();
  const { parameters, metrics, ranked } = dimensionsOf(state, ENGLISH);

  it('is told of parameters that are not all the same, and of what came out', () => {
    expect(parameters.map(({ label, kind }) => [label, kind])).toEqual([
      ['model', 'category'],
      ['batch_size', 'number'],
      ['lr', 'number']
    ]);
    expect(metrics.map(({ id, goal }) => [id, goal])).toEqual([
      ['metric:accuracy', 'max'],
      ['loss', 'min']
    ]);
    expect(ranked?.id).toBe('metric:accuracy');
  });

  it('is a name where some values are no numbers', () => {
    const [first, ...rest] = state.tasks;
    const odd: SessionState = {
      ...state,
      tasks: [{ ...first!, spec: { ...first!.spec, params: { ...first!.spec.params, lr: null } } }, ...rest]
    };
    const lr = dimensionsOf(odd, ENGLISH).parameters.find(({ label }) => label === 'lr');
    expect(lr?.kind).toBe('category');
    expect(scaleOf(lr!, false).ticks.map(({ label }) => label)).toEqual(['0.001', '0.003', 'None']);
  });

  it('is nothing without tasks, without a grid, without a loss', () => {
    const words = (session: SessionState) => {
      const [first] = notComparable(session, dimensionsOf(session, ENGLISH), ENGLISH);
      return first && first.kind === 'sentence' ? first.text : undefined;
    };
    expect(words(emptySession())).toContain('No tasks yet');
    expect(words({ ...state, tasks: state.tasks.slice(1, 2) })).toContain('do not differ');
    expect(words(definedSession())).toContain('nothing to compare');
    expect(words(state)).toBeUndefined();
  });

  it('is a table, too', () => {
    const table = parameterTable([state.tasks[1]!.spec.name], [...parameters, ...metrics], ENGLISH);
    expect(table.columns).toHaveLength(6);
    expect(table.rows[0]).toEqual([
      'digits-mlp-32-3e-3',
      'mlp',
      '32',
      '0.003',
      expect.any(String),
      expect.any(String)
    ]);
  });
});

describe('stretches of axes', () => {
  const state = finishedSession();
  const { parameters, metrics } = dimensionsOf(state, ENGLISH);
  const axes = [...parameters, ...metrics].map(dimension => ({
    dimension,
    scale: scaleOf(dimension, false)
  }));
  const names = state.tasks.map(({ spec }) => spec.name);

  it('select the tasks that are within all of them', () => {
    const model = axes[0]!;
    const [cnn] = valuesOn(model);
    const place = model.scale.place(cnn) as number;
    const one = withBrush(new Map(), 'param:model', [place, place]);
    expect(tasksWithin(names, axes, one)).toEqual(names.filter(name => name.includes('-cnn-')));
    const both = withBrush(one, 'param:lr', [1, 0.5]);
    expect(both.get('param:lr')).toEqual([0.5, 1]);
    expect(tasksWithin(names, axes, both)).toEqual(
      names.filter(name => name.includes('-cnn-') && name.endsWith('3e-3'))
    );
    expect(tasksWithin(names, axes, withBrush(both, 'param:model', null))).toEqual(
      names.filter(name => name.endsWith('3e-3'))
    );
  });

  it('leave out a task that has no value there', () => {
    const accuracy = axes.find(({ dimension }) => dimension.id === 'metric:accuracy')!;
    expect(placeOn(accuracy, names[0]!)).toBeUndefined();
    expect(tasksWithin(names, axes, new Map([['metric:accuracy', [0, 1]]]))).toEqual(names.slice(1));
  });
});
