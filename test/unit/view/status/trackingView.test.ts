import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { render } from '../../../../src/core/view/render.js';
import { attention } from '../../../../src/core/view/status/attention.js';
import type { SessionState, TrackerState } from '../../../../src/core/wire/messages.js';
import { explainedState } from '../../../fixtures/sessionStates.js';

const state = explainedState();
const shown = (more: Partial<SessionState>, view: 'tracking' | 'status' | 'check' = 'tracking'): string =>
  render(view, { ...state, ...more }, 0, ENGLISH).text;

const TENSORBOARD: TrackerState = {
  wish: { tracker: 'tensorboard' },
  since: 0,
  report: { tracker: 'tensorboard', state: 'telling', runs: 3, steps: 1200, place: '/s/trackers/tensorboard' }
};
const WANDB: TrackerState = {
  wish: { tracker: 'wandb' },
  since: 0,
  report: {
    tracker: 'wandb',
    state: 'failing',
    runs: 0,
    steps: 0,
    error: { code: 'exporter-died', message: 'It ended.' }
  }
};

describe('what is told to trackers', () => {
  it('is nothing at first, and how that is changed', () => {
    expect(shown({})).toContain('%saturn track tensorboard');
    expect(shown({}, 'status')).not.toContain('told to');
  });

  it('is said with how far it is, and how to look at it', () => {
    const text = shown({ tracking: [TENSORBOARD] });
    expect(text).toContain('All tasks are told to TensorBoard.');
    expect(text).toMatch(/TensorBoard +is told +3 +1,200 +\/s\/trackers\/tensorboard/);
    expect(text).toContain('%tensorboard --logdir "/s/trackers/tensorboard"');
  });

  it('is in the status, and its trouble where attention is needed', () => {
    const tracking = [TENSORBOARD, WANDB];
    const text = shown({ tracking }, 'status');
    expect(text).toContain('All tasks are told to TensorBoard and Weights & Biases.');
    expect(text).toContain('It ended.');
    const troubles = attention({ ...state, tracking }, ENGLISH);
    expect(troubles.filter(({ where }) => where?.includes('Tracker Weights & Biases'))).toHaveLength(1);
  });

  it('answers what the code of tasks asks for', () => {
    const tasks = state.tasks.slice(0, 1).map(task => ({
      ...task,
      status: 'ready' as const,
      error: undefined,
      inspection: task.inspection && {
        ...task.inspection,
        tracking: { trackers: [{ tracker: 'wandb' as const, asked: 'report_to=wandb' }] }
      }
    }));
    expect(shown({ tasks }, 'check')).toContain(
      'report_to=wandb is not set up. Have it told with %saturn track wandb'
    );
    expect(shown({ tasks, tracking: [WANDB] }, 'check')).toContain(
      'report_to=wandb: told by %saturn track, offline'
    );
  });
});
