import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../../src/core/session/replay.js';
import { emptySession } from '../../../../src/core/session/session.js';
import { paceOf } from '../../../../src/core/view/status/pace.js';
import { sessionTimeLeft, taskTimeLeft, timesLeft } from '../../../../src/core/view/status/timeLeft.js';
import type { SessionRecord, SessionState } from '../../../../src/core/wire/messages.js';
import { EPOCH, plannedState } from '../../../fixtures/sessionStates.js';
import { type ITruth, playedRun } from './playedRun.js';

/** What is said of the time left, and what is left in truth, at a share of a run's time. */
function told(truth: ITruth, share: number): { left: number; true: number } {
  const run = playedRun(plannedState(), EPOCH, truth);
  const time = share * run.seconds;
  return { left: sessionTimeLeft(run.at(time), EPOCH + time)!, true: run.seconds - time };
}

describe('the time left of a run', () => {
  it('is that of the plan while all goes by the plan', () => {
    for (const share of [0, 0.1, 0.5, 0.9]) {
      const { left, true: truth } = told({}, share);
      expect(left / truth).toBeCloseTo(1, 1);
    }
  });

  it.each<[string, ITruth]>([
    ['steps take twice as long as measured', { stretch: 2.2 }],
    ['each task waits, starts and ends slowly', { gap: 0.8, start: 2.2, end: 0.7 }],
    ['all of it', { gap: 0.8, start: 2, stretch: 1.6, end: 0.6 }]
  ])('learns from the pace seen: %s', (_, truth) => {
    for (const share of [0.3, 0.5, 0.7, 0.9]) {
      const { left, true: rest } = told(truth, share);
      expect([share, left / rest > 0.8, left / rest < 1.2]).toEqual([share, true, true]);
    }
  });

  it('does not take what short tasks cost besides their steps for a pace of long ones', () => {
    const state = plannedState();
    const run = playedRun(state, EPOCH, { gap: 1, start: 2, end: 1 });
    expect(paceOf(run.at(0.7 * run.seconds)).stretch).toBeCloseTo(1, 1);
  });

  it('counts no gap in which the run stood', () => {
    const run = playedRun(plannedState(), EPOCH, { gap: 600 });
    const state = run.at(run.seconds - 700);
    expect(paceOf(state).starts.seconds / paceOf(state).starts.times).toBeLessThan(2);
  });

  it('is never negative, and less when more is done', () => {
    const truths = fc.record({
      gap: fc.double({ min: 0, max: 3, noNaN: true }),
      start: fc.double({ min: 0.1, max: 5, noNaN: true }),
      stretch: fc.double({ min: 0.3, max: 4, noNaN: true }),
      end: fc.double({ min: 0, max: 3, noNaN: true })
    });
    fc.assert(
      fc.property(truths, fc.double({ min: 0, max: 0.999, noNaN: true }), (truth, share) => {
        const run = playedRun(plannedState(), EPOCH, truth);
        const time = share * run.seconds;
        const state = run.at(time);
        const left = sessionTimeLeft(state, EPOCH + time);
        expect(left === undefined || left >= 0).toBe(true);
        const further: SessionState = {
          ...state,
          tasks: state.tasks.map(task =>
            task.status === 'running' && task.progress.step < task.inspection!.steps
              ? { ...task, progress: { ...task.progress, step: task.progress.step + 1 } }
              : task
          )
        };
        expect(sessionTimeLeft(further, EPOCH + time) ?? 0).toBeLessThanOrEqual((left ?? 0) + 1e-9);
        for (const task of state.tasks) {
          expect(taskTimeLeft(task, state, EPOCH + time) ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 100 }
    );
  });

  it('is told of each task, the last of which is that of all', () => {
    const run = playedRun(plannedState(), EPOCH, { stretch: 1.5 });
    const state = run.at(0.4 * run.seconds);
    const left = timesLeft(state, EPOCH + 0.4 * run.seconds);
    const open = state.tasks.filter(({ status }) => status !== 'finished').map(({ spec }) => spec.name);
    expect([...left.keys()].sort()).toEqual(open.sort());
    expect(Math.max(...left.values())).toBe(sessionTimeLeft(state, EPOCH + 0.4 * run.seconds));
  });

  it('counts what the plan has not, and no task that was stopped', () => {
    const run = playedRun(plannedState(), EPOCH);
    const state = run.at(1.5);
    const running = state.tasks.find(({ status }) => status === 'running')!;
    const only = { ...state, plan: undefined };
    expect(sessionTimeLeft(only, EPOCH + 1.5)).toBe(taskTimeLeft(running, only, EPOCH + 1.5));
    const stopped = state.tasks.map(task => ({ ...task, status: 'stopped' as const }));
    expect(sessionTimeLeft({ ...state, tasks: stopped }, EPOCH + 1.5)).toBeUndefined();
    const moving = [{ ...running, status: 'stopping' as const, moving: true }];
    expect(sessionTimeLeft({ ...only, tasks: moving }, EPOCH + 1.5)).toBeGreaterThan(0);
    expect(
      sessionTimeLeft({ ...only, tasks: [{ ...moving[0]!, moving: false }] }, EPOCH + 1.5)
    ).toBeUndefined();
  });
});

it('tells of a real run how long it still takes, from its journal', () => {
  const lines = readFileSync('test/fixtures/journals/1.jsonl', 'utf8').trimEnd().split('\n');
  const records = lines.map(line => JSON.parse(line) as SessionRecord);
  const end = records.at(-1)!.time;
  let session = emptySession('fixture', '/tmp/fixture');
  const off: number[] = [];
  for (const record of records) {
    const { time } = record;
    session = replay(session, record).session;
    const { state } = session;
    const trained = state.tasks.filter(({ status }) => status === 'finished').length;
    const left = trained > 0 && state.plan?.fresh ? sessionTimeLeft(state, time) : undefined;
    if (left !== undefined) {
      off.push(Math.abs(left - (end - time)));
    }
  }
  expect(off).toHaveLength(3);
  expect(Math.max(...off)).toBeLessThan(0.7);
});
