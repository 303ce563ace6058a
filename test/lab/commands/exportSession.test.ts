import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportSession, isExportable, PAGE_FORMATS } from '../../../src/lab/commands/exportSession.js';
import { emptyState, finishedState, plannedState, profilingState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

const trans = nullTranslator.load('');

describe('exportSession', () => {
  let saved: { name: string; blob: Blob }[];
  let store: FakeStore;

  beforeEach(() => {
    saved = [];
    store = new FakeStore();
    const blobs = new Map<string, Blob>();
    URL.createObjectURL = vi.fn((blob: Blob) => {
      blobs.set(`blob:${blobs.size}`, blob);
      return `blob:${blobs.size - 1}`;
    });
    URL.revokeObjectURL = vi.fn();
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      saved.push({ name: this.download, blob: blobs.get(this.href)! });
    });
  });

  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['html', 'quickstart-report.html', 'text/html'],
    ['svg', 'quickstart-schedule.svg', 'image/svg+xml'],
    ['csv', 'quickstart-tasks.csv', 'text/csv'],
    ['json', 'quickstart-plan.json', 'application/json']
  ] as const)('saves %s', async (format, name, type) => {
    store.set({ state: finishedState() });
    await exportSession(store, format, 0, trans);
    expect(saved.map(file => [file.name, file.blob.type])).toEqual([[name, type]]);
    expect(saved[0]!.blob.size).toBeGreaterThan(100);
  });

  it('asks for the curves of the best tasks for a report, and goes without', async () => {
    store.set({ state: finishedState() });
    await exportSession(store, 'html', 0, trans);
    expect(store.sent).toEqual([
      ['curves.read', { tasks: expect.objectContaining({ length: 5 }), metric: 'loss', points: 300 }]
    ]);
    expect(saved).toHaveLength(1);
  });

  it('says why there is nothing to save', async () => {
    store.set({ state: emptyState() });
    await exportSession(store, 'json', 0, trans);
    expect(saved).toEqual([]);
    expect(store.view.failure?.code).toBe('nothing-to-export');
  });
});

describe('isExportable', () => {
  it.each([
    ['no session', null, []],
    ['no tasks', emptyState(), []],
    ['no plan', { ...profilingState(), plan: undefined }, ['html', 'csv']],
    ['a plan', plannedState(), PAGE_FORMATS]
  ] as const)('%s', (_, state, formats) => {
    expect(PAGE_FORMATS.filter(format => isExportable(format, state)).sort()).toEqual([...formats].sort());
  });
});
