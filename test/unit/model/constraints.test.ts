import { describe, expect, it } from 'vitest';
import model from '../../../schema/wire/model.json';
import {
  CONSTRAINTS,
  isConstrained,
  unmetConstraints
} from '../../../src/core/model/constraints/constraints.js';
import type { PlanRequest, PlanTask, Segment } from '../../../src/core/wire/messages.js';

const ddp = { technique: 'ddp', devices: 1 };
const task = (name: string, asked: Partial<PlanTask> = {}): PlanTask => ({
  ...{ name, steps: 1, options: [{ strategy: ddp, stepSeconds: 10, startSeconds: 0 }] },
  ...asked
});
const device = (id: string) => ({ id, kind: 'cpu' as const, name: 'virtual', memoryBytes: 1e9 });
const requestOf = (asked: Partial<PlanTask>, more: Partial<PlanRequest> = {}): PlanRequest => ({
  cluster: { nodes: [{ id: 'n0', devices: [device('d0'), device('d1')] }] },
  tasks: [task('a', asked), task('b')],
  seed: 0,
  budget: {},
  ...more
});
const segment = (name: string, id: string): Segment => ({
  ...{ task: name, strategy: ddp, node: 'n0', devices: [id], start: 0, end: 10, steps: 1 }
});
/** Both tasks at once, for 10 s. */
const schedule = [segment('a', 'd0'), segment('b', 'd1')];

describe('constraints', () => {
  it('are those that a conflict may name', () => {
    expect(CONSTRAINTS.map(({ name }) => name)).toEqual(
      model.definitions.Conflict.properties.constraint.enum
    );
  });

  it('ask nothing of a request that does not ask them', () => {
    const request = requestOf({}, { limits: {} });
    expect(isConstrained(request)).toBe(false);
    expect(unmetConstraints(request, schedule, 10)).toEqual([]);
    for (const constraint of CONSTRAINTS) {
      expect(() => constraint.assert(request)).not.toThrow();
      expect(constraint.ofAll?.(request)).toBeUndefined();
      expect(constraint.ofTask?.(request.tasks[0]!)).toBeUndefined();
    }
  });

  const asked: [string, PlanRequest, PlanRequest][] = [
    ['pin', requestOf({ pin: { node: 'n0', devices: ['d0'] } }), requestOf({ pin: { devices: ['d0'] } })],
    ['earliest-start', requestOf({ earliestStart: 0 }), requestOf({ earliestStart: Number.NaN })],
    ['deadline', requestOf({ deadline: 10 }), requestOf({ deadline: -1 })],
    [
      'concurrent',
      requestOf({}, { limits: { concurrent: 2 } }),
      requestOf({}, { limits: { concurrent: 0 } })
    ],
    [
      'device-seconds',
      requestOf({}, { limits: { deviceSeconds: 20 } }),
      requestOf({}, { limits: { deviceSeconds: -1 } })
    ],
    [
      'cost',
      requestOf({}, { limits: { cost: 20 }, prices: { n0: 3600 } }),
      requestOf({}, { limits: { cost: 20 }, prices: { n1: 1 } })
    ]
  ];
  const missed: Record<string, PlanRequest> = {
    pin: requestOf({ pin: { node: 'n0', devices: ['d1'] } }),
    'earliest-start': requestOf({ earliestStart: 1 }),
    deadline: requestOf({ deadline: 9 }),
    concurrent: requestOf({}, { limits: { concurrent: 1 } }),
    'device-seconds': requestOf({}, { limits: { deviceSeconds: 19 } }),
    cost: requestOf({}, { limits: { cost: 19 }, prices: { n0: 3600 } })
  };

  it.each(asked)(
    '%s: asked, met, missed, and refused where it has no meaning',
    (name, request, senseless) => {
      const constraint = CONSTRAINTS.find(one => one.name === name)!;
      expect(isConstrained(request)).toBe(true);
      expect(() => constraint.assert(request)).not.toThrow();
      expect(() => constraint.assert(senseless)).toThrow();
      expect(unmetConstraints(request, schedule, 10)).toEqual([]);
      expect(unmetConstraints(missed[name]!, schedule, 10)).toMatchObject([{ constraint: name }]);
    }
  );

  it('all have an example here', () => {
    expect(asked.map(([name]) => name)).toEqual(CONSTRAINTS.map(({ name }) => name));
  });
});
