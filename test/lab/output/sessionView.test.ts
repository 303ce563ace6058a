import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as gantt from '../../../src/core/view/gantt/sessionGantt.js';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { DRAW_DELAY, SessionView } from '../../../src/lab/output/sessionView.js';
import { finishedState, runningState } from '../../fixtures/sessionStates.js';

vi.mock('../../../src/core/view/gantt/sessionGantt.js', { spy: true });

describe('a session in a cell', () => {
  let view: SessionView;
  let look: (isIntersecting: boolean) => void;

  const drawn = () => vi.mocked(gantt.sessionGantt).mock.calls.length;
  const later = (step: number): SessionState => {
    const state = runningState();
    return {
      ...state,
      rev: state.rev + step,
      tasks: state.tasks.map(task => ({ ...task, progress: { ...task.progress, step } }))
    };
  };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
          // The chart has made its own before.
          look = isIntersecting => seen([{ isIntersecting }]);
        }
        observe(): void {}
        disconnect(): void {}
      }
    );
    view = new SessionView({ trans: nullTranslator.load('') });
    Widget.attach(view, document.body);
    MessageLoop.flush();
    vi.mocked(gantt.sessionGantt).mockClear();
  });

  afterEach(() => {
    view.dispose();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('draws many states of a run once', () => {
    view.state = runningState();
    expect(drawn()).toBe(1);
    for (let step = 1; step <= 20; step++) {
      view.state = later(step);
    }
    expect(drawn()).toBe(1);
    vi.advanceTimersByTime(DRAW_DELAY);
    expect(drawn()).toBe(2);
    expect(vi.mocked(gantt.sessionGantt).mock.lastCall?.[0].tasks[0]?.progress.step).toBe(20);
  });

  it('draws the end at once', () => {
    view.state = runningState();
    view.state = finishedState();
    expect([drawn(), vi.getTimerCount()]).toEqual([2, 0]);
  });

  it('draws nothing while it is out of sight, and the newest when it comes into it', () => {
    view.state = runningState();
    look(false);
    view.state = later(7);
    vi.advanceTimersByTime(10 * DRAW_DELAY);
    expect(drawn()).toBe(1);
    look(true);
    expect(drawn()).toBe(2);
    expect(vi.mocked(gantt.sessionGantt).mock.lastCall?.[0].tasks[0]?.progress.step).toBe(7);
  });
});
