import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lowerBound } from '../../../src/core/planner/bounds/area.js';
import { deviceFunctions, TIME_FUNCTIONS } from '../../../src/core/planner/bounds/dualFeasible.js';
import { raiseByFractions } from '../../../src/core/planner/bounds/fractional.js';
import { isEmpty, type Problem, toProblem } from '../../../src/core/planner/problem.js';
import { mulberry32 } from '../../../src/core/planner/random.js';
import { bruteForce } from './bruteForce.js';
import { option, requestOf, requests } from './requests.js';

let highs: Highs;
beforeAll(async () => {
  highs = await loadHighs();
});

/** The bound after as many steps as it takes. */
function fractional(problem: Problem, high: number): number {
  let best = lowerBound(problem).seconds;
  raiseByFractions(highs, problem, best, high, bound => {
    expect(bound).toBeGreaterThan(best);
    best = bound;
    return true;
  });
  return best;
}

describe('dual feasible functions', () => {
  it('of devices keep every set that fits on a node fitting', () => {
    for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 12, 16]) {
      for (const values of deviceFunctions(size)) {
        expect(values[0]).toBe(0);
        const most = values.map(() => 0);
        for (let devices = 1; devices <= size; devices++) {
          expect(values[devices]).toBeGreaterThanOrEqual(values[devices - 1]!);
          for (let last = 1; last <= devices; last++) {
            most[devices] = Math.max(most[devices]!, most[devices - last]! + values[last]!);
          }
        }
        expect(most[size]).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });

  it('of time keep every chain that fits before the end fitting', () => {
    const random = mulberry32(3);
    for (let round = 0; round < 3000; round++) {
      const count = 1 + Math.floor(random() * 8);
      // Round shares hit the steps of the functions.
      const whole = round % 2 === 0;
      const parts = Array.from({ length: count }, () => (whole ? Math.ceil(random() * 4) : random()));
      const all = parts.reduce((sum, part) => sum + part, 0) / (whole || random() < 0.5 ? 1 : random());
      const sums = TIME_FUNCTIONS.map(f => parts.reduce((total, part) => total + f(part / all), 0));
      expect(Math.max(...sums)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  it('grow with what they are given', () => {
    for (const f of TIME_FUNCTIONS) {
      const values = Array.from({ length: 1001 }, (_, i) => f(i / 1000));
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
  });
});

describe('the bound by fractions', () => {
  const shapes = {
    'one node': requests({ nodes: 1, size: 4, tasks: 5, options: 3 }),
    'several nodes': requests({ nodes: 3, size: 3, tasks: 4, options: 3 })
  };
  it.each(Object.entries(shapes))('is no longer than the shortest plan on %s', (_, shape) => {
    fc.assert(
      fc.property(shape, request => {
        const problem = toProblem(request);
        fc.pre(!isEmpty(problem));
        const optimum = bruteForce(request);
        expect(fractional(problem, 2 * optimum + 1)).toBeLessThanOrEqual(optimum * (1 + 1e-9));
      }),
      { numRuns: 150 }
    );
  });

  it('sees that two halves and a bit do not fit side by side', () => {
    const tasks = ['a', 'b', 'c'].map(name => ({ name, steps: 1, options: [option(3, 10)] }));
    expect(fractional(toProblem(requestOf([5], tasks)), 100)).toBeCloseTo(30, 2);
    expect(fractional(toProblem(requestOf([5, 5], tasks)), 100)).toBeCloseTo(20, 2);
  });
});
