import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { tasksCsv } from '../../../../src/core/view/export/tasksCsv.js';
import { sessionGantt } from '../../../../src/core/view/gantt/sessionGantt.js';
import { standingPlan } from '../../../../src/core/view/gantt/standingPlan.js';
import { render } from '../../../../src/core/view/render.js';
import { leaderboard } from '../../../../src/core/view/results/leaderboard.js';
import type { Replan, SessionState } from '../../../../src/core/wire/messages.js';
import { EPOCH, finishedState } from '../../../fixtures/sessionStates.js';

const REPLAN: Replan = {
  number: 1,
  at: EPOCH + 40,
  adoptedAt: EPOCH + 41,
  causes: [],
  moves: [],
  makespan: 0
};

/** All over, by a last plan for one task that was about to end. */
function replanned(): SessionState {
  const state = finishedState();
  const plan = state.plan!.plan;
  const last = { ...plan.segments.at(-1)!, start: 0, end: 0 };
  return {
    ...state,
    replans: [REPLAN],
    run: { ...state.run!, outcome: { seconds: 60, plans: 1, moves: 0 } },
    plan: {
      ...state.plan!,
      startedAt: EPOCH + 41,
      plan: { ...plan, segments: [last], makespan: 0, lowerBound: 0 }
    }
  };
}

describe('a plan for the rest of a run', () => {
  it('is told of while something of it is left, or the run goes on', () => {
    const state = replanned();
    const { plan } = state;
    expect(standingPlan({ ...state, run: { startedAt: EPOCH } })).toBe(plan);
    const stopped = state.tasks.map(task =>
      task.spec.name === plan!.plan.segments[0]!.task ? { ...task, status: 'stopped' as const } : task
    );
    expect(standingPlan({ ...state, tasks: stopped })).toBe(plan);
  });

  it('is told of when it had all that was trained, or was the only one', () => {
    const { replans: _, ...state } = replanned();
    expect(standingPlan(state)).toBe(state.plan);
    const whole = { ...replanned(), plan: finishedState().plan };
    expect(standingPlan(whole)).toBe(whole.plan);
  });

  it('is left out of charts, results, tables and reports when all is over', () => {
    const state = replanned();
    expect(standingPlan(state)).toBeUndefined();
    const chart = sessionGantt(state, EPOCH + 90, ENGLISH);
    expect(chart?.bars.every(({ kind }) => kind === 'actual')).toBe(true);
    expect([chart?.makespan, chart?.lowerBound]).toEqual([undefined, undefined]);
    expect(leaderboard(state, ENGLISH).columns.map(({ label }) => label)).not.toContain('Planned');
    const { html } = render('report', state, EPOCH + 90, ENGLISH);
    expect(html).not.toMatch(/The plan:|Compared with/);
    expect(html).toContain('all took 1 min');
    const [head, ...lines] = tasksCsv(state).trim().split('\r\n');
    const column = head!.split(',').indexOf('planned_seconds');
    expect(new Set(lines.map(line => line.split(',')[column]))).toEqual(new Set(['']));
  });
});
