import { describe, expect, it } from 'vitest';
import { asha } from '../../../src/core/session/stopRules/asha.js';
import { rungsOf } from '../../../src/core/session/stopRules/ladder.js';
import { median } from '../../../src/core/session/stopRules/median.js';
import { arrival } from '../../../src/core/session/stopRules/stopRule.js';
import type { SweepSpec } from '../../../src/core/wire/messages.js';
import { inspection, SessionHarness, spec } from './sessionHarness.js';
import { begun, RULE, replay, sweepOf, swept, taskOf } from './sweptSession.js';

describe('asha', () => {
  const stops = (score: number, others: number[], eta?: number): boolean =>
    asha.judge(arrival(score, others), { kind: 'asha', ...(eta && { eta }) }) === 'over';

  it('lets the first go on, and then one of eta', () => {
    expect(stops(1, [])).toBe(false);
    expect(stops(1, [2])).toBe(true);
    expect(stops(3, [2])).toBe(false);
    expect(stops(5, [9, 8, 3, 2, 1])).toBe(true);
    expect(stops(8.5, [9, 8, 3, 2, 1])).toBe(false);
    expect(stops(5, [9, 8, 3, 2, 1], 2)).toBe(false);
  });

  it('gives the place of equal ones to the earlier', () => {
    expect(stops(2, [2])).toBe(true);
    expect(stops(2, [2, 1, 1, 1, 1])).toBe(false);
    expect(stops(2, [2, 2, 1, 1, 1])).toBe(true);
  });

  it('gives up what is no number, even alone', () => {
    expect(stops(-Infinity, [])).toBe(true);
  });

  it('has the best of too few wait where that pays, and with promotion all that may come to be among the best', () => {
    const verdict = (score: number, others: number[], coming: number, promote = false, pays = true) =>
      asha.judge(arrival(score, others, { coming, pays }), { kind: 'asha', promote });
    expect(verdict(1, [], 5)).toBe('waits');
    expect(verdict(1, [], 5, false, false)).toBe('goes on');
    expect(verdict(3, [2, 1], 5)).toBe('goes on');
    expect(verdict(1, [2], 5)).toBe('over');
    expect(verdict(1, [2], 4, true)).toBe('waits');
    expect(verdict(1, [2], 3, true)).toBe('over');
    expect(verdict(-Infinity, [], 5, true)).toBe('over');
  });

  it('fills all places at later rungs, whoever comes first', () => {
    const verdict = (score: number, others: number[], coming: number) =>
      asha.judge(arrival(score, others, { coming, rung: 1 }), { kind: 'asha' });
    expect(verdict(1, [2], 4)).toBe('waits');
    expect(verdict(1, [2], 3)).toBe('over');
    expect(verdict(1, [3, 2], 6)).toBe('waits');
    expect(verdict(-Infinity, [], 5)).toBe('over');
  });
});

describe('the median rule', () => {
  it('waits for five, then gives up whose best is less than the median of the others', () => {
    const stops = (best: number, others: number[], score = best): boolean =>
      median.judge(arrival(score, others, { best }), { kind: 'median' }) === 'over';
    expect(stops(0, [1, 2, 3, 4])).toBe(false);
    expect(stops(0, [1, 2, 3, 4, 5])).toBe(true);
    expect(stops(3, [1, 2, 3, 4, 5], 0)).toBe(false);
    expect(stops(-Infinity, [1])).toBe(true);
    expect(stops(0, [-Infinity, -Infinity, -Infinity, 1, 1, 1])).toBe(false);
  });
});

describe('a sweep with a rule', () => {
  const names = ['a', 'b', 'c'];

  it('stops who is not good enough, saves it, and trains it on only when that is asked for', () => {
    const sim = swept(names);
    const starts = begun(sim);
    expect(starts.get('a')?.rungs).toEqual([3, 9, 27]);
    sim.group('a', 1, 'rung', { step: 3, loss: 0.5 });
    expect(sim.status('a')).toBe('running');
    sim.group('b', 1, 'rung', { step: 3, loss: 0.7 });
    expect(sim.status('b')).toBe('stopping');
    expect(sim.take('stop').map(({ body }) => body.task)).toEqual(['b']);
    sim.group('b', 1, 'stopped', { step: 4 });
    expect(taskOf(sim, 'b')).toMatchObject({
      status: 'stopped',
      checkpointStep: 4,
      givenUp: { rule: 'asha', step: 3, place: 2, of: 2 },
      rungs: [{ step: 3, value: 0.7 }]
    });
    sim.feed({ kind: 'run-requested' });
    expect(sim.status('b')).toBe('stopped');
    sim.feed({ kind: 'resume-requested', tasks: ['b'] });
    expect(taskOf(sim, 'b')).toMatchObject({ status: 'starting', spared: true });
    expect(taskOf(sim, 'b').givenUp).toBeUndefined();
    expect(rungsOf(sim.session, taskOf(sim, 'b'))).toEqual([]);
    replay(sim);
  });

  it('counts what was told of a step once, though it is trained again', () => {
    const sim = swept(names);
    begun(sim);
    sim.group('a', 1, 'rung', { step: 3, loss: 0.5 });
    sim.group('a', 1, 'rung', { step: 3, loss: 0.9 });
    expect(taskOf(sim, 'a').rungs).toEqual([{ step: 3, place: 0, value: 0.5 }]);
    sim.group('a', 1, 'lost');
    sim.settle(() => 'sig');
    const again = sim.log.length;
    expect(again).toBeGreaterThan(0);
    expect(taskOf(sim, 'a').attempts).toHaveLength(2);
    replay(sim);
  });

  it('judges by the metric that is asked for, more or less of it', () => {
    const sim = swept(names, sweepOf(RULE, { by: { metric: 'accuracy', goal: 'max' } }));
    begun(sim);
    sim.group('a', 1, 'rung', { step: 3, metrics: { loss: 9, accuracy: 0.5 }, loss: 1 });
    sim.group('b', 1, 'rung', { step: 3, metrics: { loss: 1, eval_accuracy: 0.7 }, loss: 1 });
    sim.group('c', 1, 'rung', { step: 3, metrics: { loss: 1, accuracy: null }, loss: 1 });
    expect(names.map(name => sim.status(name))).toEqual(['running', 'running', 'stopping']);
    expect(taskOf(sim, 'c').givenUp).toEqual({ rule: 'asha', step: 3, place: 3, of: 3 });
  });

  it('rests, and says so once, when no evaluation has the metric', () => {
    const sim = swept(names, sweepOf(RULE, { by: { metric: 'f1', goal: 'max' } }));
    begun(sim);
    for (const name of names) {
      sim.group(name, 1, 'rung', { step: 3, metrics: { loss: 1, accuracy: 0.1 }, loss: 1 });
    }
    expect(names.map(name => sim.status(name))).toEqual(['running', 'running', 'running']);
    const told = sim.session.state.notices.filter(({ code }) => code === 'no-metric');
    expect(told).toHaveLength(1);
    expect(told[0]?.hint).toContain('loss, accuracy');
    expect(rungsOf(sim.session, taskOf(sim, 'a'))).toEqual([]);
  });

  it('counts who diverges as given up without a value, and goes on', () => {
    const sim = swept(names);
    begun(sim);
    const error = { code: 'loss-not-finite', message: 'Training diverged.' };
    sim.group('a', 1, 'failed', { error });
    expect(taskOf(sim, 'a')).toMatchObject({ status: 'stopped', error, givenUp: { rule: 'asha', step: 0 } });
    expect(taskOf(sim, 'a').givenUp?.place).toBeUndefined();
    expect(taskOf(sim, 'a').rungs).toBeUndefined();
    sim.group('b', 1, 'rung', { step: 3, loss: 0.7 });
    expect(sim.status('b')).toBe('running');
  });

  it('leaves alone who is stopped by somebody meanwhile, and stops who is being moved', () => {
    const sim = swept(names);
    begun(sim);
    sim.group('a', 1, 'rung', { step: 3, loss: 0.5 });
    sim.feed({ kind: 'stop-requested', tasks: ['b'] });
    sim.group('b', 1, 'rung', { step: 3, loss: 0.7 });
    sim.group('b', 1, 'stopped', { step: 3 });
    expect(taskOf(sim, 'b').givenUp).toBeUndefined();
    sim.feed({ kind: 'run-requested' });
    expect(sim.status('b')).not.toBe('stopped');
  });

  it('is over when all that is left was given up', () => {
    const sim = swept(['a', 'b']);
    begun(sim);
    sim.group('a', 1, 'rung', { step: 3, loss: 0.5 });
    sim.group('b', 1, 'rung', { step: 3, loss: 0.7 });
    sim.group('b', 1, 'stopped', { step: 3 });
    sim.group('a', 1, 'finished', { step: 81 });
    sim.settle();
    expect(sim.session.state.goal).toBe('none');
    expect(sim.session.state.run?.endedAt).toBeDefined();
    replay(sim);
  });

  it('says so once when all its points fail', () => {
    const sim = swept(names);
    begun(sim);
    const error = { code: 'loss-not-finite', message: 'Training diverged.' };
    sim.group('a', 1, 'failed', { error });
    sim.group('b', 1, 'failed', { error: { code: 'bad-task', message: 'It is bad.' } });
    expect(sim.session.state.notices).toEqual([]);
    sim.group('c', 1, 'failed', { error });
    expect(sim.session.state.notices.map(({ code }) => code)).toEqual(['sweep-failed']);
    expect(sim.session.state.notices[0]?.message).toContain('all its 3 points failed. a: Training diverged.');
    sim.settle();
    expect(sim.session.state.goal).toBe('none');
    replay(sim);
  });

  it('refuses before it costs anything what it can never judge', () => {
    const found = inspection('sig', 81);
    const refused = (sweep: SweepSpec, more: Partial<typeof found>): string | undefined => {
      const sim = new SessionHarness();
      sim.connect(1);
      sim.feed({ kind: 'tasks-added', tasks: [spec('a')], sweep });
      sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: { ...found, ...more } } });
      return taskOf(sim, 'a').error?.code;
    };
    const by = sweepOf(RULE, { by: { metric: 'f1', goal: 'max' } });
    expect(refused(sweepOf(), { steps: 1 })).toBe('no-rungs');
    expect(refused(by, { evaluating: { metrics: [] } })).toBe('no-metric');
    expect(refused(by, { evaluating: { metrics: ['loss', 'accuracy'] } })).toBe('no-metric');
    expect(refused(by, { evaluating: { metrics: ['loss', 'f1'] } })).toBeUndefined();
    expect(refused(by, { evaluating: { every: 5 } })).toBeUndefined();
    expect(refused(by, {})).toBeUndefined();
    expect(refused(sweepOf(), { evaluating: { metrics: [] } })).toBeUndefined();
  });

  it('compares first after an evaluation that a task makes by itself', () => {
    const sim = new SessionHarness();
    sim.connect(1);
    sim.feed({ kind: 'tasks-added', tasks: [spec('a')], sweep: sweepOf() });
    const found = { ...inspection('sig', 81), evaluating: { every: 10 } };
    sim.feed({ kind: 'inspected', result: { task: 'a', hash: 'h', inspection: found } });
    expect(rungsOf(sim.session, taskOf(sim, 'a'))).toEqual([10, 30]);
  });
});
