import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import {
  deadlineOutcome,
  localTime,
  pinInput,
  pinOutcome,
  priorityOutcome,
  techniquesOf
} from '../../../src/lab/dialogs/wishForm.js';
import { cluster, EPOCH, plannedState } from '../../fixtures/sessionStates.js';

const trans = nullTranslator.load('');

describe('priorityOutcome', () => {
  it.each([
    ['3', { change: { set: { weight: 3 } } }],
    [' ', { change: { clear: ['weight'] } }],
    ['0', { problem: expect.any(String) }],
    ['high', { problem: expect.any(String) }],
    ['2e6', { problem: expect.any(String) }]
  ])('%s', (text, expected) => expect(priorityOutcome(text, trans)).toEqual(expected));
});

describe('deadlineOutcome', () => {
  it('is by the clock of whoever writes it', () => {
    const time = EPOCH + 3600;
    expect(deadlineOutcome(localTime(time), EPOCH, trans)).toEqual({ change: { set: { deadline: time } } });
  });

  it.each([
    ['', { change: { clear: ['deadline'] } }],
    [localTime(EPOCH - 60), { problem: expect.any(String) }],
    ['soon', { problem: expect.any(String) }]
  ])('%s', (text, expected) => expect(deadlineOutcome(text, EPOCH, trans)).toEqual(expected));
});

describe('pinOutcome', () => {
  const any = { technique: '', count: '', devices: new Set<string>() };

  it('holds to what is chosen, and to nothing else', () => {
    expect(pinOutcome({ ...any, technique: 'ddp', count: '2' }, cluster, trans)).toEqual({
      change: { set: { pin: { technique: 'ddp', count: 2 } } }
    });
    expect(pinOutcome({ ...any, devices: new Set(['local/cpu1']) }, cluster, trans)).toEqual({
      change: { set: { pin: { node: 'local', devices: ['cpu1'] } } }
    });
    expect(pinOutcome(any, cluster, trans)).toEqual({ change: { clear: ['pin'] } });
  });

  it('refuses more devices than are chosen, and devices of two nodes', () => {
    const far = { nodes: [...cluster.nodes, { ...cluster.nodes[0]!, id: 'far' }] };
    expect(
      pinOutcome({ ...any, count: '2', devices: new Set(['local/cpu1']) }, cluster, trans)
    ).toHaveProperty('problem');
    expect(pinOutcome({ ...any, devices: new Set(['local/cpu1', 'far/cpu0']) }, far, trans)).toHaveProperty(
      'problem'
    );
  });

  it('shows what is asked of all of them alike, and techniques that can train all', () => {
    const tasks = plannedState().tasks.slice(0, 2);
    const pinned = tasks.map(task => ({ ...task, wishes: { pin: { technique: 'ddp', count: 2 } } }));
    expect(pinInput(pinned)).toMatchObject({ technique: 'ddp', count: '2' });
    expect(pinInput([pinned[0]!, tasks[1]!])).toMatchObject({ technique: '', count: '' });
    expect(techniquesOf(tasks)).toEqual(['single', 'ddp', 'fsdp']);
  });
});
