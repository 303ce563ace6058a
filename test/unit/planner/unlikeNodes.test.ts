import { createRequire } from 'node:module';
import loadHighs, { type Highs } from 'highs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../../../src/core/model/checker/checker.js';
import { ListSchedule } from '../../../src/core/planner/baselines/listSchedule.js';
import { lowerBound } from '../../../src/core/planner/bounds/areaBound.js';
import { type IShares, raiseByFractions } from '../../../src/core/planner/bounds/fractionalBound.js';
import { Loads } from '../../../src/core/planner/bounds/loads.js';
import { plan } from '../../../src/core/planner/plan.js';
import { toProblem } from '../../../src/core/planner/problem/compilation.js';
import { kindsOfNodes } from '../../../src/core/planner/problem/nodeKinds.js';
import { AssignmentPacking } from '../../../src/core/planner/search/assignmentPacking.js';
import { SearchBudget } from '../../../src/core/planner/search/searchBudget.js';
import { worthOfNodes } from '../../../src/core/planner/search/shareRounding.js';
import type { PlanRequest } from '../../../src/core/wire/messages.js';
import { distinct, onSpeeds, sweeps } from '../../bench/problemGenerator.js';
import { option, requestOf } from './planRequests.js';

let highs: Highs;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('highs/runtime');
  highs = await loadHighs({ locateFile: () => wasm });
});

/** The same question with each option put once for every node it was measured for. */
function nodeByNode(request: PlanRequest): PlanRequest {
  const tasks = request.tasks.map(task => ({
    ...task,
    options: task.options.flatMap(one => one.nodes!.map(node => ({ ...one, nodes: [node] })))
  }));
  return { ...request, tasks };
}

describe('nodes that differ', () => {
  it('are of one kind where the same may run', () => {
    expect(kindsOfNodes([{ nodes: [0, 2] }, { nodes: [0, 2] }, {}, { nodes: [1] }], 4)).toEqual([0, 1, 0, 2]);
    expect(kindsOfNodes([{}], 2)).toEqual([0, 0]);
    expect(kindsOfNodes([], 1)).toEqual([0]);
  });

  it('have as many configurations a task as there are speeds, however the options are put', () => {
    const { request } = onSpeeds(sweeps(3, 6, 1), [1, 0.5, 1, 1, 0.5]);
    const problem = toProblem(request);
    expect(problem.nodes.map(({ kind }) => kind)).toEqual([0, 1, 0, 0, 1]);
    const again = toProblem(nodeByNode(request));
    for (const [job, { configs }] of again.jobs.entries()) {
      const own = problem.jobs[job]!.configs;
      expect(configs.map(({ devices, seconds }) => ({ devices, seconds }))).toEqual(
        own.map(({ devices, seconds }) => ({ devices, seconds }))
      );
      expect(configs.map(({ nodes }) => nodes?.join())).toEqual(own.map(({ nodes }) => nodes?.join()));
    }
  });

  it('keep apart options that differ in anything else', () => {
    const slow = { ...option(1, 9), nodes: ['n1'] };
    const costly = { ...option(1, 5, 4), nodes: ['n2'] };
    const { jobs } = toProblem(
      requestOf(
        [1, 1, 1],
        [{ name: 't', steps: 1, options: [{ ...option(1, 5), nodes: ['n0'] }, slow, costly] }]
      )
    );
    expect(jobs[0]!.configs).toHaveLength(3);
  });

  it('keep apart runs over several nodes that were measured for different ones', () => {
    const over = (nodes: string[]) => ({ ...option(2, 5), span: 2, nodes });
    const options = [over(['n0', 'n1']), over(['n2', 'n3'])];
    const { jobs } = toProblem(requestOf([1, 1, 1, 1], [{ name: 't', steps: 1, options }]));
    expect(jobs[0]!.configs.map(({ nodes }) => nodes)).toEqual([
      [0, 1],
      [2, 3]
    ]);
  });

  it('keep apart what is confined to different devices of a node', () => {
    const on = (device: string) => ({ ...option(1, 5), among: [{ node: 'n0', devices: [device] }] });
    const tasks = ['d0', 'd1'].map(device => ({ name: device, steps: 1, options: [on(device)] }));
    const { jobs } = toProblem(requestOf([2], tasks));
    expect(jobs.map(({ configs }) => configs[0]!.among)).toEqual([[[0]], [[1]]]);
  });

  it('are looked at once for all of a kind by simple rules', () => {
    const { request } = onSpeeds(sweeps(3, 6, 1), [1, 0.5, 1]);
    const list = new ListSchedule(toProblem(request));
    expect(list.countsOn(0, 2)).toBe(list.countsOn(0, 0));
    expect(list.countsOn(0, 1)).not.toEqual(list.countsOn(0, 0));
  });

  it('have devices worth more the faster they are', () => {
    const problem = toProblem(onSpeeds(distinct(4, 24, 1), [0.25, 1, 0.5]).request);
    const { seconds } = lowerBound(problem);
    let last: IShares | undefined;
    raiseByFractions(
      highs,
      problem,
      seconds,
      20 * seconds,
      () => true,
      shares => {
        last = shares;
      }
    );
    const [slow, fast, middle] = worthOfNodes(problem, last!)!;
    expect(fast).toBeGreaterThan(middle!);
    expect(middle).toBeGreaterThan(slow!);
    expect(slow! + fast! + middle!).toBeCloseTo(3, 9);
  });

  it('say nothing by prices that leave some devices free', () => {
    const { request } = onSpeeds(distinct(4, 6, 1), [1, 0.5]);
    const problem = toProblem(request);
    const loads = Loads.of(problem);
    const shares = new Float64Array(loads.columns.length);
    expect(worthOfNodes(problem, { loads, shares, worth: [2, 0] })).toBeUndefined();
    expect(worthOfNodes(problem, { loads, shares, worth: [1.5, 0.5] })).toEqual([1.5, 0.5]);
  });

  it('are planned close to the bound in few iterations', async () => {
    for (const seed of [1, 2]) {
      const { request } = onSpeeds(distinct(seed, 24, 1), [1, 1, 0.5, 0.25]);
      const asked = { ...request, budget: { iterations: 45_000 } };
      const made = await plan(asked, { loadHighs: () => Promise.resolve(highs) });
      expect(checkPlan(asked, made)).toEqual([]);
      expect(made.fault).toBeUndefined();
      expect(made.gap).toBeLessThan(0.1);
    }
  });
});

describe('packing what an integer program assigns', () => {
  it('pauses ever longer while programs have no answer', () => {
    const problem = toProblem(onSpeeds(distinct(1, 8, 1), [1, 0.5]).request);
    const packing = new AssignmentPacking(highs, problem);
    const bound = lowerBound(problem).seconds;
    let turns = 0;
    const asked: number[] = [];
    for (; turns < 8; turns++) {
      if (packing.isDue()) {
        asked.push(turns);
        const packed = packing.run(bound, 20 * bound, {
          nodes: 1,
          budget: new SearchBudget({ seconds: 1 }, () => 1),
          share: 0.1,
          iterations: 1,
          raise: () => undefined,
          offer: () => undefined
        });
        expect(packed).toBeUndefined();
        packing.learn(20 * bound);
      }
    }
    expect(asked).toEqual([0, 1, 3, 7]);
  });
});
