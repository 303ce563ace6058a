import { describe, expect, it } from 'vitest';
import { rungsOf } from '../../../src/core/session/stopRules/ladder.js';
import { inspection, type SessionHarness, spec } from './sessionHarness.js';
import { begun, sweepOf, swept, taskOf } from './sweptSession.js';

describe('rungs', () => {
  const rungs = (sim: SessionHarness, name: string): readonly number[] =>
    rungsOf(sim.session, taskOf(sim, name));

  it('are after 1/27, 1/9 and 1/3 of the steps', () => {
    expect(rungs(swept(['a']), 'a')).toEqual([3, 9, 27]);
    expect(rungs(swept(['a'], sweepOf({ kind: 'median' })), 'a')).toEqual([9, 18, 27, 36, 45, 54, 63, 72]);
  });

  it('are where the user says', () => {
    expect(rungs(swept(['a'], sweepOf({ kind: 'asha', eta: 4, first: 2 })), 'a')).toEqual([2, 8, 32]);
  });

  it('are after as many samples where batches differ', () => {
    const sim = swept(['a', 'b'], sweepOf(), { batches: { b: 30 } });
    expect(rungs(sim, 'a')).toEqual([3, 9, 27]);
    expect(rungs(sim, 'b')).toEqual([1, 3, 9]);
  });

  it('are after as many steps where all make equally many, whoever comes first', () => {
    for (const names of [
      ['a', 'b'],
      ['b', 'a']
    ]) {
      const sim = swept(names, sweepOf(), { batches: { b: 30 }, stepsOf: () => 81 });
      expect(rungs(sim, 'a')).toEqual([3, 9, 27]);
      expect(rungs(sim, 'b')).toEqual([3, 9, 27]);
      begun(sim);
      const longer = { ...inspection('long', 162), batchSize: 15 };
      sim.feed({ kind: 'points-suggested', sweep: 'fn', tasks: [spec('c')] });
      sim.feed({ kind: 'inspected', result: { task: 'c', hash: 'h', inspection: longer } });
      expect(rungs(sim, 'a')).toEqual([3, 9, 27]);
      expect(rungs(sim, 'c')).toEqual([6, 18, 54]); // as many samples as the one that was longest
    }
  });

  it('are after as many samples for all where one makes more steps than others', () => {
    const batches = { b: 30, c: 15 };
    const stepsOf = (batchSize: number) => (batchSize === 15 ? 162 : 81);
    const sim = swept(['a', 'b', 'c'], sweepOf(), { batches, stepsOf });
    const ladders = () => ['a', 'b', 'c'].map(name => rungs(sim, name));
    expect(ladders()).toEqual([
      [9, 27],
      [3, 9, 27],
      [6, 18, 54]
    ]);
    const before = ladders();
    begun(sim);
    expect(ladders()).toEqual(before);
  });

  it('are none without a rule, of a clone, and of a task with one step', () => {
    const { stop: _, ...plain } = sweepOf();
    expect(rungs(swept(['a'], plain), 'a')).toEqual([]);
    expect(rungs(swept(['a'], sweepOf(), { steps: 1 }), 'a')).toEqual([]);
    const sim = swept(['a']);
    const clone = { ...taskOf(sim, 'a'), spec: { ...spec('c'), cloneOf: 'a' } };
    expect(rungsOf(sim.session, clone)).toEqual([]);
  });

  it('stay where they are once a task has begun, whatever comes later', () => {
    const sim = swept(['a']);
    begun(sim);
    const found = inspection('long', 810);
    sim.feed({ kind: 'points-suggested', sweep: 'fn', tasks: [spec('b')] });
    sim.feed({ kind: 'inspected', result: { task: 'b', hash: 'h', inspection: found } });
    expect(rungs(sim, 'a')).toEqual([3, 9, 27]);
    expect(rungs(sim, 'b')).toEqual([3, 9, 27, 81, 243, 729]);
    expect(sim.session.state.sweeps?.[0]?.firstRung).toBe(30);
  });
});
