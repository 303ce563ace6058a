import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { statusCell } from '../../../../src/core/view/format/taskText.js';
import type { TaskState } from '../../../../src/core/wire/messages.js';
import { definedSession } from '../sessionStates.js';

describe('statusCell', () => {
  it('says that a task moves, from when the ranks that take over are started', () => {
    const [task] = definedSession().tasks as [TaskState];
    const strategy = { technique: 'single', devices: 1 };
    const next = { number: 2, strategy, node: 'node', devices: ['cpu1'], requestedAt: 0 };
    const text = (more: Partial<TaskState>) => statusCell({ ...task, ...more }, ENGLISH).text;
    expect(text({ status: 'running' })).toBe('training');
    expect(text({ status: 'running', next })).toBe('moving');
    expect(text({ status: 'stopping', moving: true })).toBe('moving');
    expect(text({ status: 'stopping' })).toBe('stopping');
    // Somebody stopped it, or a rule, before the next ranks took over.
    expect(text({ status: 'stopping', next })).toBe('stopping');
    expect(text({ status: 'stopping', next, pausedAt: 3 })).toBe('paused');
  });

  it('says where a task is built that needs a device for that', () => {
    const [task] = definedSession().tasks as [TaskState];
    const text = (onDevice?: TaskState['onDevice']) =>
      statusCell({ ...task, status: 'inspecting', ...(onDevice ? { onDevice } : {}) }, ENGLISH).text;
    expect(text()).toBe('being built');
    expect(text({})).toBe('waits to be built on a device');
    expect(text({ node: 'node', device: 'cuda0' })).toBe('being built on cuda0');
  });
});
