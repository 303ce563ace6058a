import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClientMessages, SessionState } from '../../../src/core/wire/messages.js';
import { DETAIL_TABS } from '../../../src/lab/detail/detailTab.js';
import { HOSTILE, hostileState, UNPRINTABLE } from '../../fixtures/hostileState.js';
import { EPOCH, finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';
import { curveOf, openDetail, reply } from './detailHarness.js';

vi.mock('uplot', () => Promise.reject(new Error('No chart is drawn here.')));

const states: [string, SessionState][] = [
  ['planned', hostileState(plannedState())],
  ['running', hostileState(runningState())],
  ['finished', hostileState(finishedState())]
];

/** All that is read or heard of an element, in it and in its tooltips. */
function shownTexts(node: HTMLElement): string {
  const told = ['title', 'aria-label', 'aria-valuetext', 'placeholder'].flatMap(name =>
    [...node.querySelectorAll(`[${name}]`)].map(element => element.getAttribute(name))
  );
  return [node.textContent, ...told].join('\n');
}

let view: ReturnType<typeof openDetail>;

afterEach(() => view.close());

describe('what tasks say stays text', () => {
  it.each(states.flatMap(([name, state]) => DETAIL_TABS.map(tab => [name, tab, state] as const)))(
    'of a session that is %s: %s',
    async (_, tab, state) => {
      view = openDetail(state);
      view.store.answer = (type, body) => {
        switch (type) {
          case 'curves.read':
            return reply('curves', {
              curves: (body as ClientMessages['curves.read']).tasks.map(task => ({
                ...curveOf(task, 20),
                metrics: ['loss', HOSTILE],
                segments: curveOf(task, 20).segments.flatMap(one => [
                  one,
                  { ...one, step: 5, devices: [HOSTILE], node: HOSTILE }
                ])
              }))
            });
          case 'output.read':
            return reply('output', { text: HOSTILE, ranks: [0], attempts: [1], cut: true, path: HOSTILE });
          default:
            return reply('checkpoints', {
              checkpoints: [{ step: 1, path: HOSTILE, bytes: 1, savedAt: EPOCH, kind: 'checkpoint' }]
            });
        }
      };
      view.openTab(tab);
      for (const task of state.tasks.slice(0, 4)) {
        view.select(task.spec.name);
        await view.settle();
        for (const fold of view.all('summary')) {
          view.openFold(fold.textContent ?? '');
        }
        await view.settle();
        expect(view.part.node.querySelectorAll('script, img, [onerror]')).toHaveLength(0);
        expect(shownTexts(view.part.node)).not.toMatch(UNPRINTABLE);
      }
    }
  );
});
