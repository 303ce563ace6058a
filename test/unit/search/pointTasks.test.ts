import { describe, expect, it } from 'vitest';
import { pointTasks } from '../../../src/core/search/pointTasks.js';
import type { TaskSpec } from '../../../src/core/wire/messages.js';
import { sweepOf, TEMPLATE } from './sweeps.js';

const digest = (text: string): string => `#${text}`;
const tasks = (points: Parameters<typeof pointTasks>[1], there: TaskSpec[] = [], more = {}): TaskSpec[] =>
  pointTasks(sweepOf(more), points, there, digest);

describe('a task of a point', () => {
  it('is named after its values, as typed, or with three digits', () => {
    const [task] = tasks([{ lr: 0.00234567, width: 128, layers: 4 }]);
    expect(task!.name).toBe('net-0.00235-128-4');
    expect(task!.params).toEqual({ lr: 0.00234567, width: 128, layers: 4 });
    const texts = { space: { lr: { values: [0.001], texts: ['1e-3'] } } };
    expect(tasks([{ lr: 0.001 }], [], texts)[0]!.name).toBe('net-1e-3');
  });

  it('has a name of its own where rounding would make two the same', () => {
    const points = [0.0023412, 0.0023431, 0.0023441].map(lr => ({ lr, width: 64, layers: 2 }));
    expect(tasks(points).map(({ name }) => name)).toEqual([
      'net-0.00234-64-2',
      'net-0.00234-64-2-2',
      'net-0.00234-64-2-3'
    ]);
  });

  it('is cut where the name would be too long, and stays distinct', () => {
    const space = { a: { values: ['x'.repeat(120), 'x'.repeat(121)] } };
    const names = tasks([{ a: 'x'.repeat(120) }, { a: 'x'.repeat(121) }], [], { space }).map(
      ({ name }) => name
    );
    expect(names.every(name => name.length <= 100)).toBe(true);
    expect(new Set(names).size).toBe(2);
  });

  it('is another one for other values, code or length, and the same for the same', () => {
    const point = { lr: 0.01, width: 64, layers: 2 };
    const [one] = tasks([point]);
    const others = [
      tasks([{ ...point, layers: 4 }])[0],
      tasks([point], [], { template: { ...TEMPLATE, hash: 'other' } })[0],
      tasks([point], [], { template: { ...TEMPLATE, epochs: 2 } })[0]
    ];
    expect(new Set([one, ...others].map(task => task!.hash)).size).toBe(4);
    expect(tasks([{ layers: 2, width: 64, lr: 0.01 }])[0]!.hash).toBe(one!.hash);
    expect(one!.trainingHash).not.toBe(one!.hash);
  });

  it('is what trains that point already, of whatever cell, with what is said of it now', () => {
    const there: TaskSpec = {
      ...TEMPLATE,
      name: 'net-1e-2-64-2',
      hash: 'grid',
      params: { lr: 0.01, width: 64, layers: 2 }
    };
    const best = { metric: 'loss', goal: 'min' as const };
    const [task] = tasks([there.params], [there], { template: { ...TEMPLATE, best, origin: 'other' } });
    expect(task).toMatchObject({ name: there.name, hash: 'grid', best, origin: 'other' });
  });

  it('takes the place of that point by other code', () => {
    const point = { lr: 0.01, width: 64, layers: 2 };
    const [old] = tasks([point], [], {
      template: { ...TEMPLATE, payload: 'fedcba9876543210.pkl', hash: 'old' }
    });
    const [task] = tasks([point], [old!]);
    expect(task!.name).toBe(old!.name);
    expect(task!.hash).not.toBe(old!.hash);
  });

  it('tells the source for all, once', () => {
    const points = [0.01, 0.02].map(lr => ({ lr, width: 64, layers: 2 }));
    const first = tasks(points);
    expect(first.map(({ source }) => source)).toEqual([TEMPLATE.source, undefined]);
    expect(tasks([{ lr: 0.03, width: 64, layers: 2 }], first)[0]!.source).toBeUndefined();
  });
});
