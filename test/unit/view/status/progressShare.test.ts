import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { sharePercent } from '../../../../src/core/view/format/format.js';
import { progressShare } from '../../../../src/core/view/status/progressShare.js';
import type { SessionState, TaskState } from '../../../../src/core/wire/messages.js';
import {
  EPOCH,
  emptyState,
  finishedState,
  plannedState,
  profilingState,
  runningState
} from '../../../fixtures/sessionStates.js';
import { playedRun } from './playedRun.js';

const withTasks = (state: SessionState, change: (task: TaskState, i: number) => Partial<TaskState>) => ({
  ...state,
  tasks: state.tasks.map((task, i) => ({ ...task, ...change(task, i) }))
});

describe('how much of a session is trained', () => {
  it('is nothing at first, all at last, and not told without tasks', () => {
    expect(progressShare(plannedState())).toBe(0);
    expect(progressShare(finishedState())).toBe(1);
    expect(progressShare(emptyState())).toBeUndefined();
  });

  it('counts what a task in training has done', () => {
    const [task] = runningState().tasks.filter(({ status }) => status === 'running');
    const alone = { ...runningState(), tasks: [{ ...task!, progress: { ...task!.progress, step: 33 } }] };
    expect(progressShare(alone)).toBeCloseTo(0.75);
  });

  it('weighs tasks by the time they take on devices', () => {
    const state = plannedState();
    const done = (model: string) =>
      progressShare(
        withTasks(state, ({ spec }) => (spec.params.model === model ? { status: 'finished' } : {}))
      )!;
    expect(done('vit')).toBeGreaterThan(2 * done('mlp'));
    expect(done('vit') + done('cnn') + done('mlp')).toBeCloseTo(1);
  });

  it('goes with the time of a run that keeps its devices busy', () => {
    for (const stretch of [1, 2]) {
      const run = playedRun(plannedState(), EPOCH, { stretch });
      for (const share of [0.25, 0.5, 0.75]) {
        expect(Math.abs(progressShare(run.at(share * run.seconds))! - share)).toBeLessThan(0.1);
      }
    }
  });

  it('leaves out what failed, cannot be built, has no strategy, or is not of the run', () => {
    const whole = runningState();
    const without = whole.tasks.filter(({ status }) => status !== 'failed' && status !== 'invalid');
    expect(progressShare(whole)).toBe(progressShare({ ...whole, tasks: without }));
    const [first, second] = plannedState().tasks;
    const two = { ...plannedState(), tasks: [{ ...first!, status: 'finished' as const }, second!] };
    expect(progressShare(two)).toBeLessThan(1);
    expect(progressShare({ ...two, selected: [first!.spec.name] })).toBe(1);
    const { plan } = two.plan!;
    const out = { ...plan, unplanned: [{ task: second!.spec.name, reason: 'none' }] };
    expect(progressShare({ ...two, plan: { ...two.plan!, plan: out } })).toBe(1);
  });

  it('counts a task that was stopped alone again once the run is over', () => {
    const [first, second] = plannedState().tasks;
    const tasks = [
      { ...first!, status: 'finished' as const },
      { ...second!, status: 'stopped' as const }
    ];
    expect(progressShare({ ...plannedState(), tasks, goal: 'run' })).toBe(1);
    expect(progressShare({ ...plannedState(), tasks })).toBeLessThan(1);
  });

  it('counts what a rule gave up as done, and little of what is not likely to be done', () => {
    const [first, second] = plannedState().tasks;
    const { plan } = plannedState().plan!;
    const half = { step: Math.round(second!.inspection!.steps / 2) };
    const tasks = [
      { ...first!, status: 'finished' as const },
      { ...second!, status: 'running' as const, progress: half }
    ];
    const sure: SessionState = { ...plannedState(), tasks, goal: 'run' };
    const segments = plan.segments.map(one => ({ ...one, likely: one.steps / 10 }));
    const doubtful = { ...sure, plan: { ...sure.plan!, plan: { ...plan, segments } } };
    expect(progressShare(doubtful)).toBeGreaterThan(progressShare(sure)!);
    expect(progressShare(doubtful)).toBeLessThan(1);
    const givenUp = { rule: 'asha', step: half.step };
    const over = { ...sure, tasks: [tasks[0]!, { ...tasks[1]!, status: 'stopped' as const, givenUp }] };
    expect(progressShare(over)).toBe(1);
    expect(progressShare({ ...over, goal: 'none' })).toBe(1);
  });

  it('counts tasks alike of whose time nothing is known', () => {
    const { plan: _, ...state } = { ...profilingState(), cells: [] };
    expect(progressShare(withTasks(state, (_, i) => (i < 3 ? { status: 'finished' } : {})))).toBeCloseTo(
      0.25
    );
  });

  it('is between nothing and all, more when more is done, and all only when all is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.1, noNaN: true }),
        fc.double({ min: 0.3, max: 4, noNaN: true }),
        (part, stretch) => {
          const run = playedRun(plannedState(), EPOCH, { stretch, end: 1 });
          const state = run.at(part * run.seconds);
          const share = progressShare(state)!;
          const over = state.tasks.every(({ status }) => status === 'finished');
          expect(share === 1).toBe(over);
          expect(sharePercent(share, ENGLISH) === '100 %').toBe(over);
          expect(share).toBeGreaterThanOrEqual(0);
          const further = withTasks(state, task =>
            task.status === 'running' && task.progress.step < task.inspection!.steps
              ? { progress: { ...task.progress, step: task.progress.step + 1 } }
              : {}
          );
          expect(progressShare(further)).toBeGreaterThanOrEqual(share - 1e-9);
        }
      ),
      { numRuns: 100 }
    );
  });
});

it.each([
  [0, '0 %'],
  [0.004, 'under 1 %'],
  [0.428, '42 %'],
  [0.9999, '99 %'],
  [1, '100 %']
])('a share of %s is told as %s', (share, text) => expect(sharePercent(share, ENGLISH)).toBe(text));
