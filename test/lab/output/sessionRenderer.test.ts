import { MimeModel, RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionState } from '../../../src/core/wire/messages.js';
import { SESSION_MIME } from '../../../src/lab/output/savedPicture.js';
import { SessionRenderer } from '../../../src/lab/output/sessionRenderer.js';
import { emptyState, finishedState, plannedState, runningState } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

const registry = new RenderMimeRegistry({ initialFactories: standardRendererFactories });

describe('SessionRenderer', () => {
  let store: FakeStore;
  let renderer: SessionRenderer;

  const render = (session: unknown = 'quickstart') =>
    renderer.renderModel(
      new MimeModel({
        trusted: true,
        data: { [SESSION_MIME]: { session } as never, 'text/html': '<svg id="saved"></svg>' }
      })
    );
  const set = (state: SessionState | null) => {
    store.set({ state });
    MessageLoop.flush();
  };
  const shown = () => {
    const saved = renderer.node.querySelector('#saved')?.closest('.lm-mod-hidden') === null;
    const live = renderer.node.querySelector('.jp-SaturnWidget') !== null;
    return [...(saved ? ['saved'] : []), ...(live ? ['live'] : [])];
  };
  const line = () => renderer.node.querySelector('.jp-SaturnWidget-progress')?.textContent;

  beforeEach(() => {
    store = new FakeStore();
    renderer = new SessionRenderer({
      store,
      findState: () => store.view.state,
      makeSaved: () => registry.createRenderer('text/html'),
      draw: async ({ view }) => ({ text: `the end of the ${view}`, html: '<i>the end</i>' }),
      trans: nullTranslator.load(''),
      random: () => 0.5
    });
    Widget.attach(renderer, document.body);
  });

  afterEach(() => {
    renderer.dispose();
    vi.useRealTimers();
  });

  it('shows what was saved where no session is known', async () => {
    await render();
    expect(shown()).toEqual(['saved']);
  });

  it('is live once the session is known, and follows it, also over a time without it', async () => {
    await render();
    set(runningState());
    expect(shown()).toEqual(['live']);
    expect(line()).toContain('1/13 trained, 1 running');
    expect(renderer.node.querySelectorAll('[data-kind="actual"]')).toHaveLength(3);
    set(null);
    expect(shown()).toEqual(['saved']);
    set(finishedState());
    expect(shown()).toEqual(['live']);
    expect(line()).toBe('Saturn: 12/12 trained');
  });

  it('keeps the saved picture of a session of another name, or that was emptied since', async () => {
    await render('another');
    set(plannedState());
    expect(shown()).toEqual(['saved']);
    await render();
    expect(shown()).toEqual(['live']);
    set(emptyState());
    expect(shown()).toEqual(['saved']);
  });

  it('shows what was saved when it does not understand its own data', async () => {
    await render(7);
    set(plannedState());
    expect(shown()).toEqual(['saved']);
  });

  it('is rendered again in place', async () => {
    await render();
    await render();
    expect(renderer.node.querySelectorAll('#saved')).toHaveLength(1);
  });

  it('draws nothing again when the session stayed as it was', async () => {
    await render();
    const state = plannedState();
    set(state);
    const svg = renderer.node.querySelector('.jp-SaturnWidget svg');
    set(state);
    expect(renderer.node.querySelector('.jp-SaturnWidget svg')).toBe(svg);
  });

  describe('when all is over', () => {
    const said = (part: object) => ({ session: 'quickstart', view: 'run', over: false, ...part });
    const renderSaid = async (part: object) => {
      const model = new MimeModel({
        trusted: true,
        data: { [SESSION_MIME]: said(part) as never, 'text/html': '<b>under way</b>', 'image/x': 'kept' },
        callback: options => void saved.push(options.data ?? {})
      });
      await renderer.renderModel(model);
    };
    let saved: object[];

    beforeEach(() => {
      saved = [];
      vi.useFakeTimers();
    });

    it('saves the end in the place of what says that it goes on', async () => {
      await renderSaid({});
      set(runningState());
      set(finishedState());
      await vi.advanceTimersByTimeAsync(60_000);
      expect(saved).toEqual([
        {
          [SESSION_MIME]: said({ over: true }),
          'text/plain': 'the end of the run',
          'text/html': '<i>the end</i>',
          'image/x': 'kept'
        }
      ]);
    });

    it('leaves it to the kernel that does so itself', async () => {
      await renderSaid({});
      set(finishedState());
      await renderSaid({ over: true });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(saved).toEqual([]);
    });

    it.each([
      ['what goes on', {}, runningState()],
      ['what was over when it was drawn', { over: true }, finishedState()],
      ['a picture that stays as it is', { view: undefined }, finishedState()],
      ['a picture of no known name', { view: 'plan' }, finishedState()],
      ['another session', { session: 'another' }, finishedState()]
    ])('leaves alone %s', async (_, part, state) => {
      await renderSaid(part);
      set(state);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(saved).toEqual([]);
    });
  });

  it('leaves no timer and no listener behind when its output is cleared', async () => {
    await render();
    vi.useFakeTimers();
    set(runningState());
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    renderer.dispose();
    vi.runOnlyPendingTimers();
    expect(vi.getTimerCount()).toBe(0);
    set(finishedState());
  });
});
