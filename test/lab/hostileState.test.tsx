import { MimeModel, RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it } from 'vitest';
import type { SessionState } from '../../src/core/wire/messages.js';
import { SESSION_MIME } from '../../src/lab/output/savedPicture.js';
import { SessionRenderer } from '../../src/lab/output/sessionRenderer.js';
import { widgetExports } from '../../src/lab/output/sessionWidget.js';
import { HOSTILE, hostileState, UNPRINTABLE } from '../fixtures/hostileState.js';
import { finishedState, plannedState, runningState } from '../fixtures/sessionStates.js';
import { FakeStore } from './fakeStore.js';
import { openPanel } from './panel/panelHarness.js';
import { openTable } from './taskTable/tableHarness.js';

const registry = new RenderMimeRegistry({ initialFactories: standardRendererFactories });
const trans = nullTranslator.load('');
const states: [string, SessionState][] = [
  ['planned', hostileState(plannedState())],
  ['running', hostileState(runningState())],
  ['finished', hostileState(finishedState())]
];
const planner = {
  plan: () => Promise.reject(new Error('nobody asks')),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

/** Nothing of what a state says has become an element, an attribute that acts, or a hidden character. */
function expectText(node: HTMLElement): void {
  expect(node.querySelectorAll('script, img, [onerror]')).toHaveLength(0);
  expect(node.textContent).toContain('<script>');
  expect(node.textContent).not.toMatch(UNPRINTABLE);
}

describe('what a session says stays text', () => {
  let dispose = () => {};
  afterEach(() => dispose());

  it.each(states)('in the panel: %s', (_, state) => {
    const ui = openPanel(planner);
    dispose = ui.close;
    const error = { code: 'hostile', message: HOSTILE, hint: HOSTILE, traceback: HOSTILE };
    ui.show({ state: { ...state, notices: [error] } });
    expectText(ui.panel.node);
  });

  it.each(states)('in the table of tasks: %s', (_, state) => {
    const table = openTable(state);
    dispose = table.close;
    table.click(table.all('[data-task] [data-column="0"]')[0] as HTMLElement);
    expectText(table.part.node);
    for (const node of table.all('[title]')) {
      expect(node.title).not.toMatch(UNPRINTABLE);
    }
    const groupings = table.all('label select option').map(one => one.getAttribute('value') ?? '');
    table.write(table.find('label select'), groupings.at(-1) ?? '');
    expectText(table.part.node);
  });

  it('in the panel, of why there is no session', () => {
    const ui = openPanel(planner);
    dispose = ui.close;
    const failure = { code: 'hostile', message: HOSTILE, hint: HOSTILE };
    ui.show({ connectionProblem: { kind: 'failed', failure, retry: null } });
    expectText(ui.panel.node);
  });

  it.each(states)('in a live output: %s', async (_, state) => {
    const store = new FakeStore();
    const renderer = new SessionRenderer({
      store,
      findState: () => store.view.state,
      makeSaved: () => registry.createRenderer('text/html'),
      draw: () => Promise.reject(new Error('Nothing is over.')),
      trans,
      random: () => 0.5
    });
    dispose = () => renderer.dispose();
    Widget.attach(renderer, document.body);
    const data = { [SESSION_MIME]: { session: state.session } as never, 'text/html': '<p></p>' };
    await renderer.renderModel(new MimeModel({ trusted: true, data }));
    store.set({ state });
    MessageLoop.flush();
    expectText(renderer.node);
  });

  it('in an output that a notebook brought, which nobody trusts', async () => {
    const renderer = new SessionRenderer({
      store: new FakeStore(),
      findState: () => null,
      makeSaved: () => registry.createRenderer('text/html'),
      draw: () => Promise.reject(new Error('Nothing is over.')),
      trans,
      random: () => 0.5
    });
    dispose = () => renderer.dispose();
    Widget.attach(renderer, document.body);
    const data = { [SESSION_MIME]: { session: HOSTILE } as never, 'text/html': `<p>${HOSTILE}</p>` };
    await renderer.renderModel(new MimeModel({ trusted: false, data }));
    expect(renderer.node.querySelectorAll('script, [onerror]')).toHaveLength(0);
  });

  it.each(states)('in a widget: %s', (_, state) => {
    const exported = widgetExports(trans);
    const manager = { inline_sanitize: (text: string) => text, display_view: () => undefined };
    const model = new exported.SaturnModel({ state, title: HOSTILE } as never, {
      model_id: 'model-1',
      widget_manager: manager as never
    });
    const view = new exported.SaturnView({ model, options: {} } as never);
    view.render();
    Widget.attach(view.luminoWidget, document.body);
    MessageLoop.flush();
    dispose = () => view.luminoWidget.dispose();
    expectText(view.el);
  });
});
