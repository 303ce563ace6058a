import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { VERSION } from '../../../src/lab/extension.js';
import { type SaturnModel, type SaturnView, widgetExports } from '../../../src/lab/output/sessionWidget.js';
import { finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';

const exported = widgetExports(nullTranslator.load(''));

/** A model without a kernel; its manager is asked for nothing but whether comms are alive. */
function makeModel(state: SessionState | null, title = ''): SaturnModel {
  const manager = { inline_sanitize: (text: string) => text, display_view: () => undefined };
  const model = new exported.SaturnModel({ state, title } as never, {
    model_id: 'model-1',
    widget_manager: manager as never
  });
  return model;
}

describe('SaturnModel', () => {
  it('names itself as the kernel does', () => {
    expect(makeModel(null).defaults()).toMatchObject({
      _model_module: 'jupyterlab-saturn',
      _model_module_version: VERSION,
      _model_name: 'SaturnModel',
      _view_module: 'jupyterlab-saturn',
      _view_module_version: VERSION,
      _view_name: 'SaturnView',
      state: null,
      title: ''
    });
  });
});

describe('SaturnView', () => {
  let view: SaturnView;

  const open = (state: SessionState | null, title = '') => {
    view = new exported.SaturnView({ model: makeModel(state, title), options: {} } as never);
    view.render();
    Widget.attach(view.luminoWidget, document.body);
    MessageLoop.flush();
    return view;
  };
  const set = (state: unknown) => {
    view.model.set('state', state);
    MessageLoop.flush();
  };
  const line = () => view.el.querySelector('.jp-SaturnWidget-progress')?.textContent;
  const bars = (kind: string) => view.el.querySelectorAll(`[data-kind="${kind}"]`).length;

  afterEach(() => {
    view.luminoWidget.dispose();
    vi.useRealTimers();
  });

  it('shows title, progress and schedule', () => {
    open(plannedState(), 'Plan of quickstart');
    expect(view.el.querySelector('.jp-SaturnWidget-title')?.textContent).toBe('Plan of quickstart');
    expect(line()).toBe('Saturn: 12 tasks planned');
    expect(bars('planned')).toBe(12);
    expect(bars('actual')).toBe(0);
  });

  it('follows the state', () => {
    open(null);
    expect(line()).toBe('No session yet.');
    expect(view.el.querySelector('svg')).toBeNull();
    set(runningState());
    expect(line()).toContain('1/13 trained, 1 running');
    expect(bars('actual')).toBe(3);
    set(finishedState());
    expect(line()).toBe('Saturn: 12/12 trained');
    expect(bars('actual')).toBe(12);
  });

  it('asks its kernel what has become of the session, and follows that', () => {
    const asked: unknown[] = [];
    const model = makeModel(plannedState());
    model.send = content => void asked.push(content);
    view = new exported.SaturnView({ model, options: {} } as never);
    view.render();
    expect(asked).toMatchObject([{ type: 'hello', body: { version: VERSION } }]);
    const say = (type: string, body: object) => {
      model.trigger('msg:custom', { v: 1, id: 'k', type, body });
      MessageLoop.flush();
    };
    say('kernel.status', { version: VERSION, session: 'quickstart', attached: true });
    const running = runningState();
    say('state', { state: running });
    expect(line()).toContain('1/13 trained, 1 running');
    const { rev } = running;
    say('change', { base: rev, rev: rev + 1, tasks: { keep: [[0, 12]] } });
    expect(line()).toContain('1/12 trained, 1 running');
    // Where changes were missed the whole is asked for, once until it comes.
    say('change', { base: rev + 7, rev: rev + 8 });
    say('change', { base: rev + 8, rev: rev + 9 });
    expect(asked).toHaveLength(2);
    say('state', { state: { ...running, rev: rev + 9 } });
    say('change', { base: rev + 11, rev: rev + 12 });
    expect(asked).toHaveLength(3);
    say('error', { error: { code: 'bad-message', message: 'No.' } });
    say('change', { base: rev + 12, rev: rev + 13 });
    expect(asked).toHaveLength(4);
  });

  it('saves what the kernel keeps for that, not all that it was told', () => {
    const kept = plannedState();
    open(kept);
    const told = runningState();
    expect(told.tasks.some(({ inspection }) => (inspection?.feasibility ?? []).length > 0)).toBe(true);
    const body = { state: told };
    view.model.trigger('msg:custom', { v: 1, id: 'k', type: 'state', body });
    MessageLoop.flush();
    expect(line()).toContain('1/13 trained, 1 running');
    expect((view.model as SaturnModel).get_state(false).state).toBe(kept);
  });

  it('says so when it does not understand the state, as from another version', () => {
    open(plannedState());
    set({ session: 'quickstart' });
    expect(line()).toContain('SessionState is malformed');
    expect(view.el.querySelector('svg')).toBeNull();
  });

  it('keeps time while something trains and stops when nothing does', () => {
    vi.useFakeTimers();
    open(runningState());
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    set(finishedState());
    vi.runAllTimers();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer and no listener behind when its output is cleared', () => {
    vi.useFakeTimers();
    open(runningState());
    vi.advanceTimersByTime(20);
    view.luminoWidget.dispose();
    vi.runOnlyPendingTimers();
    expect(vi.getTimerCount()).toBe(0);
    const before = line();
    view.model.set('state', finishedState());
    expect(line()).toBe(before);
  });
});
