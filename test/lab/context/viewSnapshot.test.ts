import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REDRAW_DELAY } from '../../../src/lab/context/clock.js';
import { PACE } from '../../../src/lab/context/paced.js';
import { ViewSnapshot } from '../../../src/lab/context/viewSnapshot.js';
import { EPOCH, finishedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

describe('ViewSnapshot', () => {
  let store: FakeStore;
  let snapshot: ViewSnapshot;
  let changes = 0;
  let time = EPOCH;

  beforeEach(() => {
    vi.useFakeTimers();
    changes = 0;
    time = EPOCH;
    store = new FakeStore();
    snapshot = new ViewSnapshot(store, () => time);
    snapshot.changed.connect(() => void changes++);
  });

  afterEach(() => {
    snapshot.dispose();
    vi.useRealTimers();
  });

  it('stands still while nobody sees it and is up to date when somebody looks', () => {
    store.set({ state: runningState() });
    vi.advanceTimersByTime(10 * REDRAW_DELAY);
    expect([changes, snapshot.moment.view.state]).toEqual([0, null]);
    snapshot.isShown = true;
    expect([changes, snapshot.moment.view]).toEqual([1, store.view]);
    snapshot.isShown = false;
    vi.advanceTimersByTime(10 * REDRAW_DELAY);
    expect([changes, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('goes on by itself while something trains, but not as long as states come', () => {
    snapshot.isShown = true;
    store.set({ state: runningState() });
    changes = 0;
    time += 1;
    vi.advanceTimersByTime(REDRAW_DELAY);
    expect([changes, snapshot.moment.now]).toEqual([1, EPOCH + 1]);
    vi.advanceTimersByTime(REDRAW_DELAY - 1);
    store.set({ state: runningState() });
    vi.advanceTimersByTime(REDRAW_DELAY - 1);
    expect(changes).toBe(2);
    store.set({ state: finishedState() });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is drawn twice a second at most while states come, and then as the last of them', () => {
    snapshot.isShown = true;
    store.set({ state: runningState() });
    changes = 0;
    let last = store.view;
    for (let i = 0; i < 10; i++) {
      time += 0.1;
      store.set({ state: runningState() });
      last = store.view;
      vi.advanceTimersByTime(100);
    }
    expect(changes).toBe(2);
    vi.advanceTimersByTime(PACE);
    expect(snapshot.moment.view).toBe(last);
  });

  it('is drawn at once for what somebody has done, and at the end', () => {
    snapshot.isShown = true;
    store.set({ state: runningState() });
    changes = 0;
    store.set({ pending: new Set(['stop']) });
    store.set({ failure: { code: 'busy', message: 'It is busy.' } });
    store.set({ state: finishedState() });
    expect([changes, vi.getTimerCount()]).toEqual([3, 0]);
  });

  it('draws nothing later that it owes from before it was hidden', () => {
    snapshot.isShown = true;
    store.set({ state: runningState() });
    store.set({ state: runningState() });
    snapshot.isShown = false;
    changes = 0;
    vi.advanceTimersByTime(10 * REDRAW_DELAY);
    expect([changes, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('is not drawn again for what happens in another notebook', () => {
    snapshot.isShown = true;
    changes = 0;
    store.changed.emit();
    expect(changes).toBe(0);
  });
});
