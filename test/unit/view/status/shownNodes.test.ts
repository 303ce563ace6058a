import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../../src/core/model/translation.js';
import { display } from '../../../../src/core/view/display/display.js';
import { attention } from '../../../../src/core/view/status/attention.js';
import { clusterView } from '../../../../src/core/view/status/clusterView.js';
import { progressLine } from '../../../../src/core/view/status/progressLine.js';
import { scheduleChart } from '../../../../src/core/view/status/scheduleChart.js';
import { nodesSentence, shownNodes } from '../../../../src/core/view/status/shownNodes.js';
import type { SessionState } from '../../../../src/core/wire/messages.js';
import { clusteredSession, definedSession, runningSession, T0 } from '../sessionStates.js';

const NOW = T0 + 12;
const sentence = (state: SessionState) => nodesSentence(state, NOW, ENGLISH);

/** With a bridge that is as told, and found no node. */
const bridged = (state: NonNullable<SessionState['bridge']>['state'], more: object = {}): SessionState => ({
  ...definedSession(),
  agent: 'connected',
  nodes: [{ id: 'local', state: 'connected', since: T0, isOwn: true }],
  bridge: {
    ...{ kind: 'ray', address: 'auto', request: { ray: { address: 'auto' } }, state, since: T0, nodes: [] },
    ...more
  }
});

describe('the nodes of a session', () => {
  it('are not spoken of where there is but its own', () => {
    expect(sentence(runningSession())).toBeUndefined();
    expect(sentence({ ...definedSession(), agent: 'away' })).toBeUndefined();
  });

  it('are told in a sentence: who is there, who is away, who comes, who is left out', () => {
    expect(sentence(clusteredSession())).toBe(
      '2 nodes, 5 devices; gpu-7 away since 14:13; gpu-8 joining; gpu-9 left out'
    );
    expect(progressLine(clusteredSession(), NOW, ENGLISH)).toContain('1 node away');
  });

  it('that are away are counted where they are many', () => {
    const state = clusteredSession();
    const many = Array.from({ length: 9 }, (_, i) => ({
      ...{ id: `n${i}`, state: 'away' as const, since: T0 }
    }));
    expect(sentence({ ...state, nodes: [...state.nodes!, ...many] })).toContain(
      'gpu-7, n0, n1 and 7 more away'
    );
  });

  it('are waited for while they are in the cluster, and gone when they are not', () => {
    const state = clusteredSession();
    const there = { id: 'gpu-7', devices: [] };
    const standing = (one: SessionState) => shownNodes(one).find(({ id }) => id === 'gpu-7')?.standing;
    expect(standing(state)).toBe('gone');
    expect(standing({ ...state, cluster: { nodes: [...state.cluster!.nodes, there] } })).toBe('away');
  });

  it('that are gone are not missed once the cluster is left', () => {
    const { bridge: _, ...left } = clusteredSession();
    expect(shownNodes(left).map(({ id }) => id)).toEqual(['local', 'gpu-2']);
  });

  it('have their troubles among what needs attention, with the name of the node', () => {
    const items = attention(clusteredSession(), ENGLISH).map(({ where, failure }) => [where, failure.code]);
    expect(items).toContainEqual([['gpu-7'], 'node-lost']);
    expect(items).toContainEqual([['gpu-9'], 'other-versions']);
    expect(items).toContainEqual([['gpu-2'], 'gpu-shared']);
  });

  it.each([
    ['starting', {}, 'are being joined'],
    ['connected', {}, 'has no other node'],
    ['failed', { error: { code: 'no-such-cluster', message: 'Nobody answers.' } }, 'Nobody answers.'],
    ['failed', { joinedAt: T0 }, 'It is tried again'],
    ['leaving', {}, 'saves, to go on here'],
    ['ending', {}, 'are left.']
  ] as const)('have a way to them that says how it is: %s', (state, more, words) => {
    const { text } = display('cluster', clusterView(bridged(state, more), NOW, ENGLISH), ENGLISH);
    expect(text).toContain(words);
    expect(sentence(bridged(state, more))).toMatch(/^1 node, 2 virtual CPU devices/);
  });

  it('are marked in the schedule from when they are away', () => {
    expect(scheduleChart(clusteredSession(), NOW, ENGLISH)?.absences).toEqual([
      { node: 'gpu-7', text: 'away since 14:13', from: 8, to: 12 }
    ]);
    expect(scheduleChart(runningSession(), NOW, ENGLISH)?.absences).toBeUndefined();
  });
});
