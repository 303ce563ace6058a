import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REDRAW_DELAY } from '../../../src/lab/context/clock.js';
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

  it('is not drawn again for what happens in another notebook', () => {
    snapshot.isShown = true;
    changes = 0;
    store.changed.emit();
    expect(changes).toBe(0);
  });
});
