import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../../src/core/wire/messages.js';
import { CommMemory } from '../../../src/lab/session/commMemory.js';
import { SaturnStore } from '../../../src/lab/session/saturnStore.js';
import { plannedState, runningState, SWEEP_SOURCE } from '../../fixtures/sessionStates.js';
import { FakeKernel, settle } from '../fakeKernel.js';
import { FakePanel, FakeTracker } from '../fakeNotebook.js';

const attached = { version: '0.1.0', session: 'quickstart', attached: true };

/** A notebook whose kernel is attached and has told a state. */
async function livePanel(tracker: FakeTracker, state = plannedState()) {
  const kernel = new FakeKernel(`kernel-${state.rev}`);
  kernel.living.push('comm');
  const panel = new FakePanel(kernel, ['import torch', SWEEP_SOURCE]);
  tracker.add(panel);
  await settle();
  kernel.comm.say('kernel.status', attached, 'hello');
  kernel.comm.say('state', { state });
  await settle();
  return { kernel, panel };
}

describe('SaturnStore', () => {
  let tracker: FakeTracker;
  let store: SaturnStore;
  let changes: number;

  beforeEach(() => {
    sessionStorage.clear();
    tracker = new FakeTracker();
    store = new SaturnStore({
      tracker: tracker.asTracker,
      memory: new CommMemory(sessionStorage),
      sessions: null,
      reattach: true
    });
    changes = 0;
    store.changed.connect(() => void changes++);
  });

  afterEach(() => store.dispose());

  it('has no notebook at first', () => {
    expect(store.view).toEqual({
      state: null,
      connectionProblem: { kind: 'no-notebook' },
      connected: false,
      cells: [],
      pending: new Set(),
      failure: null
    });
  });

  it('shows the session of the current notebook, and another one after a switch', async () => {
    const planned = await livePanel(tracker, plannedState());
    const running = await livePanel(tracker, runningState());
    tracker.show(planned.panel);
    expect(store.view.state?.goal).toBe('none');
    expect(store.view.connected).toBe(true);
    tracker.show(running.panel);
    expect(store.view.state?.goal).toBe('run');
    running.panel.close();
    tracker.show(null);
    expect(store.view.connectionProblem).toEqual({ kind: 'no-notebook' });
  });

  it('keeps notebooks in the background connected', async () => {
    const { kernel, panel } = await livePanel(tracker);
    const other = new FakePanel(new FakeKernel('other'));
    tracker.add(other);
    tracker.show(other);
    kernel.comm.say('state', { state: runningState() });
    expect(store.view.state).toBeNull();
    tracker.show(panel);
    expect(store.view.state?.goal).toBe('run');
  });

  it('asks the session of a notebook in the background', async () => {
    const { kernel, panel } = await livePanel(tracker);
    const other = new FakePanel(new FakeKernel('other'));
    tracker.add(other);
    tracker.show(other);
    const asked = store.requestOf(panel.asPanel, 'render', { view: 'run' });
    kernel.comm.say('rendered', { text: 'the end', html: '<i>the end</i>' }, 'render');
    expect((await asked).body).toMatchObject({ text: 'the end' });
  });

  it('finds the task cells of the notebook, also before any kernel', () => {
    const panel = new FakePanel(null, ['import torch', SWEEP_SOURCE]);
    tracker.add(panel);
    tracker.show(panel);
    expect(store.view.connectionProblem).toEqual({ kind: 'no-kernel' });
    expect(store.view.cells.map(({ id, sweep, size }) => ({ id, sweep, size }))).toEqual([
      { id: 'cell-1', sweep: 'digits', size: 12 }
    ]);
  });

  it('reads the cells again once typing pauses', async () => {
    const panel = new FakePanel(null, [SWEEP_SOURCE]);
    tracker.add(panel);
    tracker.show(panel);
    const { sharedModel } = panel.content.model;
    sharedModel.insertCell(0, { cell_type: 'code', source: '%%saturn task\ndef first(): ...' });
    sharedModel.insertCell(0, { cell_type: 'markdown', source: '%%saturn task\ndef prose(): ...' });
    expect(store.view.cells).toHaveLength(1);
    await vi.waitFor(() => expect(store.view.cells.map(cell => cell.sweep)).toEqual(['first', 'digits']));
  });

  describe('#stateAt()', () => {
    it('is the session as it was, which does not take the place of how it is', async () => {
      const { kernel, panel } = await livePanel(tracker, runningState());
      tracker.show(panel);
      const asked = store.stateAt(7);
      kernel.comm.say('state.was', { time: 7, state: plannedState() }, 'state.at');
      expect((await asked)?.goal).toBe('none');
      expect(store.view.state?.goal).toBe('run');
    });

    it('is nothing when the engine cannot tell, and says why', async () => {
      const { kernel, panel } = await livePanel(tracker);
      tracker.show(panel);
      const asked = store.stateAt(7);
      const error = { code: 'no-plan-then', message: 'There was no plan.' };
      kernel.comm.say('error', { error }, 'state.at');
      expect(await asked).toBeNull();
      expect(store.view.failure).toEqual(error);
    });
  });

  describe('#send()', () => {
    it('is pending until the engine answers', async () => {
      const { kernel, panel } = await livePanel(tracker);
      tracker.show(panel);
      const sent = store.send('run', {});
      expect([...store.view.pending]).toEqual(['run']);
      expect(await store.send('run', {})).toBe(false);
      kernel.comm.say('ok', { rev: 41 }, 'run');
      expect(await sent).toBe(true);
      expect([...store.view.pending]).toEqual([]);
      expect(kernel.comm.sent.filter(message => message.type === 'run')).toHaveLength(1);
    });

    it('reports a refusal until it is dismissed', async () => {
      const { kernel, panel } = await livePanel(tracker);
      tracker.show(panel);
      const failures: Failure[] = [];
      store.failed.connect((_, failure) => void failures.push(failure));
      const sent = store.send('plan', {});
      const error = { code: 'no-tasks', message: 'There is nothing to plan.', hint: 'Add a task.' };
      kernel.comm.say('error', { error }, 'plan');
      expect(await sent).toBe(false);
      expect(failures).toEqual([error]);
      expect(store.view.failure).toEqual(error);
      store.dismiss();
      expect(store.view.failure).toBeNull();
    });

    it('fails with what to do when the kernel goes away meanwhile', async () => {
      const { panel } = await livePanel(tracker);
      tracker.show(panel);
      const sent = store.send('plan', {});
      panel.sessionContext.setStatus('restarting');
      expect(await sent).toBe(false);
      expect(store.view.failure?.code).toBe('disconnected');
    });

    it('does nothing without a notebook', async () => {
      expect(await store.send('plan', {})).toBe(false);
    });
  });

  it('reports a message it does not understand, of the current notebook only', async () => {
    const { kernel, panel } = await livePanel(tracker);
    kernel.comm.raw({ v: 1, id: 'x', type: 'dance', body: {} });
    expect(store.view.failure).toBeNull();
    tracker.show(panel);
    kernel.comm.raw({ v: 1, id: 'x', type: 'dance', body: {} });
    expect(store.view.failure?.code).toBe('unknown-message');
  });

  it('hands the setting to notebooks that are open already', async () => {
    const { kernel, panel } = await livePanel(tracker);
    store.reattach = false;
    panel.sessionContext.restart();
    await settle();
    expect(kernel.executed).toEqual([]);
  });

  it('leaves no listener behind', async () => {
    const { kernel, panel } = await livePanel(tracker);
    tracker.show(panel);
    const { comm } = kernel;
    store.dispose();
    store.dispose();
    changes = 0;
    comm.say('state', { state: runningState() });
    panel.content.modelChanged.emit();
    panel.content.model.sharedModel.insertCell(0, { cell_type: 'code', source: SWEEP_SOURCE });
    tracker.add(new FakePanel(new FakeKernel('late')));
    tracker.show(null);
    panel.close();
    await settle();
    expect(changes).toBe(0);
    expect(kernel.hasTarget).toBe(false);
  });
});
