import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { FoldMemory } from '../../../src/lab/context/foldMemory.js';
import type { MemoryStorage } from '../../../src/lab/context/remembered.js';
import { attentionSection } from '../../../src/lab/panel/attentionSection.js';
import { bestSection } from '../../../src/lab/panel/bestSection.js';
import { PanelSections } from '../../../src/lab/panel/panelSections.js';
import { addPlanSection } from '../../../src/lab/panel/planSection.js';
import { profileSection } from '../../../src/lab/panel/profileSection.js';
import { runSection } from '../../../src/lab/panel/runSection.js';
import { SaturnPanel } from '../../../src/lab/panel/saturnPanel.js';
import { tasksSection } from '../../../src/lab/panel/tasksSection.js';
import type { ISaturnStore } from '../../../src/lab/session/tokens.js';
import { WhatIf } from '../../../src/lab/whatIf/whatIf.js';
import type { IWhatIfPlanner } from '../../../src/lab/whatIf/whatIfPlanner.js';
import { EPOCH } from '../../fixtures/sessionStates.js';
import { FakeStore } from '../fakeStore.js';

// React asks for it before it lets `act` batch updates.
Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);

/** A storage in which everything of the panel was left open. */
export function allOpen(): MemoryStorage {
  const ids = [
    'tasks',
    'profile',
    'plan',
    'plan-details',
    'run',
    'attention',
    'attention-more',
    'best',
    'leaderboard'
  ];
  return keptFolds(Object.fromEntries(ids.map(id => [id, true])));
}

/** A storage in which things were left open or not. */
export function keptFolds(folds: Record<string, boolean>): MemoryStorage {
  let kept: string | null = JSON.stringify(folds);
  return {
    getItem: () => kept,
    setItem: (_, value) => {
      kept = value;
    }
  };
}

/** The panel in the document, with all it needs. */
export function openPanel(planner: IWhatIfPlanner, now = EPOCH + 20, storage: MemoryStorage = allOpen()) {
  const store = new FakeStore();
  const commands = new CommandRegistry();
  const whatIf = new WhatIf({ makePlanner: () => planner, clock: () => now, seconds: () => 1 });
  const trans = nullTranslator.load('jupyterlab_saturn');
  const sections = new PanelSections();
  for (const section of [runSection, profileSection, tasksSection, attentionSection, bestSection]) {
    sections.add(section(trans));
  }
  const plan = addPlanSection(sections, { whatIf, trans });
  const folds = new FoldMemory(storage);
  const panel = new SaturnPanel({ store, commands, sections, folds, trans, clock: () => now });
  act(() => {
    Widget.attach(panel, document.body);
    MessageLoop.flush();
  });
  return {
    panel,
    store,
    commands,
    sections,
    whatIf,
    /** Change the store's view and let everything draw. */
    show: (part: Partial<ISaturnStore.IView>) => {
      act(() => store.set(part));
      MessageLoop.flush();
    },
    close: () =>
      act(() => {
        panel.dispose();
        plan.dispose();
      }),
    find: (selector: string) => panel.node.querySelector<HTMLElement>(selector),
    all: (selector: string) => [...panel.node.querySelectorAll<HTMLElement>(selector)],
    button: (label: string) => {
      const buttons = [...panel.node.querySelectorAll('button')];
      const found = buttons.find(button => button.textContent === label);
      if (!found) {
        throw new Error(`No button says ${label}; there are: ${buttons.map(b => b.textContent).join(', ')}`);
      }
      return found;
    }
  };
}
