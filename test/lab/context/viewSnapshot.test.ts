import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REDRAW_DELAY } from '../../../src/lab/context/clock.js';
import { ViewSnapshot } from '../../../src/lab/context/viewSnapshot.js';
import { EPOCH, finishedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

describe('Picture', () => {
  let store: FakeStore;
  let picture: ViewSnapshot;
  let changes = 0;
  let time = EPOCH;

  beforeEach(() => {
    vi.useFakeTimers();
    changes = 0;
    time = EPOCH;
    store = new FakeStore();
    picture = new ViewSnapshot(store, () => time);
    picture.changed.connect(() => void changes++);
  });

  afterEach(() => {
    picture.dispose();
    vi.useRealTimers();
  });

  it('stands still while nobody sees it and is up to date when somebody looks', () => {
    store.set({ state: runningState() });
    vi.advanceTimersByTime(10 * REDRAW_DELAY);
    expect([changes, picture.moment.view.state]).toEqual([0, null]);
    picture.isShown = true;
    expect([changes, picture.moment.view]).toEqual([1, store.view]);
    picture.isShown = false;
    vi.advanceTimersByTime(10 * REDRAW_DELAY);
    expect([changes, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('goes on by itself while something trains, but not as long as states come', () => {
    picture.isShown = true;
    store.set({ state: runningState() });
    changes = 0;
    time += 1;
    vi.advanceTimersByTime(REDRAW_DELAY);
    expect([changes, picture.moment.now]).toEqual([1, EPOCH + 1]);
    vi.advanceTimersByTime(REDRAW_DELAY - 1);
    store.set({ state: runningState() });
    vi.advanceTimersByTime(REDRAW_DELAY - 1);
    expect(changes).toBe(2);
    store.set({ state: finishedState() });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not drawn again for what happens in another notebook', () => {
    picture.isShown = true;
    changes = 0;
    store.changed.emit();
    expect(changes).toBe(0);
  });
});
