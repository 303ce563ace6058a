import { PluginRegistry, Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import plugins, { IPanelSections } from '../../../src/index.js';
import { plannedState, runningState } from '../../fixtures/sessionStates.js';
import { openPanel } from './panelHarness.js';

const planner = {
  plan: () => Promise.reject(new Error('nobody asks')),
  prepare: () => undefined,
  cancel: () => undefined,
  dispose: () => undefined
};

describe('sections of the panel', () => {
  let ui: ReturnType<typeof openPanel>;
  const shown = () => ui.all('[data-section]').map(node => node.dataset.section);
  const add = (section: IPanelSections.Section) => {
    let added: IDisposable | undefined;
    act(() => {
      added = ui.sections.add(section);
    });
    MessageLoop.flush();
    return () => act(() => added?.dispose());
  };

  beforeEach(() => {
    ui = openPanel(planner);
    ui.show({ state: runningState() });
  });

  afterEach(() => ui.close());

  it('stand in the order of their ranks, however they came', () => {
    ui.show({ state: plannedState() });
    expect(shown()).toEqual(['tasks', 'profile', 'plan']);
    add({ id: 'later', rank: 300, title: 'Later', component: () => null });
    add({ id: 'earlier', rank: 200, title: 'Earlier', component: () => null });
    expect(shown()).toEqual(['tasks', 'profile', 'earlier', 'plan', 'later']);
  });

  it('are drawn from the session, and go when disposed of', () => {
    const remove = add({
      id: 'count',
      rank: 50,
      title: 'Count',
      summary: ({ state }) => `${state?.tasks.length} in all`,
      component: ({ view, now }) => (
        <p>
          {view.state?.session} at {now}
        </p>
      )
    });
    expect(ui.find('[data-section="count"]')?.textContent).toMatch(/^Count13 in all.* at \d+$/);
    ui.show({ state: { ...runningState(), session: 'another', tasks: [] } });
    expect(ui.find('[data-section="count"]')?.textContent).toMatch(/^Count0 in allanother at /);
    remove();
    expect(shown()).toEqual(['tasks']);
  });

  it('may be a widget, which lives while it is unfolded', () => {
    const made: Widget[] = [];
    const createWidget = () => {
      const widget = new Widget();
      widget.node.textContent = 'A widget';
      made.push(widget);
      return widget;
    };
    const remove = add({ id: 'widget', rank: 500, title: 'Widget', createWidget });
    const header = ui.find('[data-section="widget"] button');
    expect(ui.find('[data-section="widget"]')?.textContent).toContain('A widget');
    ui.show({ state: runningState() });
    expect(made.map(widget => widget.isAttached)).toEqual([true]);
    act(() => header?.click());
    expect(made.map(widget => widget.isDisposed)).toEqual([true]);
    act(() => header?.click());
    remove();
    expect(made.map(widget => widget.isDisposed)).toEqual([true, true]);
  });

  it('have another rank while they matter more, and are folded unless that is so', () => {
    const ranks = { train: 1 };
    const isOpen = ({ state }: { state: { goal: string } | null }) => state?.goal === 'run';
    add({ id: 'live', rank: 500, ranks, isOpen, title: 'Live', component: () => <p>It trains</p> });
    expect(shown()[0]).toBe('live');
    expect(ui.find('[data-section="live"]')?.textContent).toContain('It trains');
    ui.show({ state: plannedState() });
    expect(shown().at(-1)).toBe('live');
    expect(ui.find('[data-section="live"]')?.textContent).not.toContain('It trains');
  });

  it('compute nothing while they are folded, nor while the panel is hidden', () => {
    const component = vi.fn(() => null);
    add({ id: 'heavy', rank: 500, title: 'Heavy', isOpen: () => false, component });
    ui.show({ state: plannedState() });
    expect(component).toHaveBeenCalledTimes(0);
    act(() => ui.find('[data-section="heavy"] button')?.click());
    expect(component).toHaveBeenCalledTimes(1);
    ui.show({ state: runningState() });
    expect(component).toHaveBeenCalledTimes(2);
    ui.panel.hide();
    ui.show({ state: plannedState() });
    expect(component).toHaveBeenCalledTimes(2);
  });

  it('say themselves when there is anything to show', () => {
    const isVisible = ({ state }: { state: { goal: string } | null }) => state?.goal === 'none';
    add({ id: 'idle', rank: 500, title: 'Idle', isVisible, component: () => null });
    expect(shown()).not.toContain('idle');
    ui.show({ state: { ...runningState(), goal: 'none' } });
    expect(shown()).toContain('idle');
    ui.show({ state: null });
    expect(shown()).toEqual([]);
  });

  it('do not take the others along when they fail', () => {
    // React and jsdom each tell the console of an error that nobody caught yet.
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const quiet = (event: Event) => event.preventDefault();
    window.addEventListener('error', quiet);
    add({
      id: 'broken',
      rank: 0,
      title: 'Broken',
      component: () => {
        throw new Error('It broke.');
      }
    });
    expect(ui.find('[data-section="broken"] .jp-SaturnFailure')?.textContent).toContain('It broke.');
    expect(shown()).toEqual(['broken', 'run', 'attention', 'best', 'plan', 'tasks', 'profile']);
    window.removeEventListener('error', quiet);
    told.mockRestore();
  });

  it('have ids of their own', () => {
    expect(() => ui.sections.add({ id: 'plan', rank: 1, title: 'Plan', component: () => null })).toThrow(
      'a section plan already'
    );
  });
});

describe('the plugins of the panel', () => {
  const idOf = (name: string) => `jupyterlab-saturn:${name}`;
  const isSection = (id: string) => /sections?$/.test(id);

  it('let another extension add a section and take it away again', async () => {
    const registry = new PluginRegistry();
    registry.application = {};
    let added: IDisposable | undefined;
    const foreign = {
      id: 'elsewhere:cost',
      description: 'A section of another extension.',
      optional: [IPanelSections, new Token('elsewhere:not-there')],
      activate: (_app: unknown, sections: IPanelSections | null) => {
        added = sections?.add({ id: 'cost', rank: 350, title: 'Cost', component: () => <b>7 €</b> });
      }
    };
    registry.registerPlugins([...plugins.filter(({ id }) => isSection(id)), foreign] as never[]);
    for (const name of ['run-section', 'plan-section', 'profile-section', 'tasks-section']) {
      await registry.activatePlugin(idOf(name));
    }
    await registry.activatePlugin(foreign.id);
    const sections = await registry.resolveRequiredService(IPanelSections);
    const ids = () => sections.sections.map(({ id }) => id);
    expect(ids()).toEqual(['cost']);
    sections.want();
    await vi.dynamicImportSettled();
    await vi.waitFor(() => expect(ids()).toEqual(['tasks', 'profile', 'plan', 'cost', 'run']));
    added?.dispose();
    expect(ids()).toEqual(['tasks', 'profile', 'plan', 'run']);
  });
});
