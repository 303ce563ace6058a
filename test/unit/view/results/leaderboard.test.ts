import { describe, expect, it } from 'vitest';
import { actualSeconds, plannedSeconds } from '../../../../src/core/view/results/leaderboard.js';
import { finishedSession } from '../sessionStates.js';

describe('times', () => {
  it('adds up segments and attempts', () => {
    const state = finishedSession();
    const task = state.tasks[7]!;
    expect(task.attempts).toHaveLength(2);
    const held = task.attempts[1]!.endedAt! - task.attempts[0]!.requestedAt;
    expect(actualSeconds(task)).toBeCloseTo(held);
    expect(plannedSeconds(state.plan, task.spec.name)).toBeGreaterThan(0);
    expect(plannedSeconds(state.plan, 'unknown')).toBeUndefined();
  });
});
