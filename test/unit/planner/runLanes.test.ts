import { describe, expect, it } from 'vitest';
import { ConstrainedRelaxation } from '../../../src/core/planner/constrained/constrainedRelaxation.js';
import { Decoder } from '../../../src/core/planner/constrained/decoder.js';
import { makespanBound } from '../../../src/core/planner/constrained/makespanBound.js';
import { construct } from '../../../src/core/planner/constrained/priorityRules.js';
import { runsOf } from '../../../src/core/planner/constrained/runTable.js';
import { weightedBound } from '../../../src/core/planner/constrained/weightedBound.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import type { IProblem } from '../../../src/core/planner/problem/problem.js';
import { option, requestOf } from './planRequests.js';

/** Five tasks of 10 s on a device of their own; `a` and `b` share one lane, `b`, `c` and `d` two. */
function laned(): IProblem {
  const tasks = ['a', 'b', 'c', 'd', 'e'].map(name => ({ name, steps: 1, options: [option(1, 10)] }));
  const problem = toProblem(requestOf([5], tasks));
  problem.lanes = [[0], [0, 0]];
  for (const [job, lanes] of [[0], [0, 1], [1], [1], []].entries()) {
    problem.jobs[job]!.lanes = lanes;
  }
  return problem;
}

describe('lanes that only some jobs need', () => {
  it('keep these apart, and let the others run', () => {
    const problem = laned();
    const runs = runsOf(problem);
    const { placed, makespan } = new Decoder(problem, runs).schedule(construct(problem, runs, 10).sequence);
    const starts = [...placed].sort((x, y) => x.job - y.job).map(({ start }) => start);
    expect(makespan).toBe(20);
    expect(starts[0]).not.toBe(starts[1]);
    expect(new Set(starts.slice(1, 4)).size).toBe(2);
    expect(starts[4]).toBe(0);
  });

  it('bound the makespan and the sum of ends by those alone', () => {
    const problem = laned();
    const relaxation = new ConstrainedRelaxation(problem, runsOf(problem));
    const { seconds, binding } = makespanBound(relaxation, true);
    expect([seconds, binding]).toEqual([expect.closeTo(20, 6), 'packing']);
    expect(weightedBound(relaxation)).toBeCloseTo(10 + 20 + 30, 6);
  });
});
