import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { now } from '../context/clock.js';
import { PanelSections } from '../panel/panelSections.js';
import { followSettings } from '../panel/panelSettings.js';
import { IPanelSections } from '../session/tokens.js';

/** Where sections of the panel are added, our own and others'. */
export const sectionsPlugin: JupyterFrontEndPlugin<IPanelSections> = {
  id: 'jupyterlab-saturn:sections',
  description: 'Provides the list of the sections of the Saturn panel.',
  autoStart: true,
  provides: IPanelSections,
  activate: () => new PanelSections()
};

/** A plugin of its own for each of our sections, so that each can be disabled. */
function sectionPlugin(
  id: string,
  description: string,
  load: () => Promise<(trans: TranslationBundle) => IPanelSections.Section>
): JupyterFrontEndPlugin<void> {
  return {
    id: `jupyterlab-saturn:${id}`,
    description,
    autoStart: true,
    requires: [IPanelSections],
    optional: [ITranslator],
    activate: (_app: JupyterFrontEnd, sections: IPanelSections, translator: ITranslator | null) => {
      const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
      void sections.wanted.then(load).then(section => sections.add(section(trans)));
    }
  };
}

const planSectionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:plan-section',
  description: 'The plan of a %saturn session in the Saturn panel, and what-if questions about it.',
  autoStart: true,
  requires: [IPanelSections],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    sections: IPanelSections,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    void sections.wanted.then(() => addPlan(sections, registry, trans));
  }
};

async function addPlan(
  sections: IPanelSections,
  registry: ISettingRegistry | null,
  trans: TranslationBundle
): Promise<void> {
  const [{ addPlanSection }, { WhatIf }, { WorkerPlannerClient }] = await Promise.all([
    import('../panel/planSection.js'),
    import('../whatIf/whatIf.js'),
    import('../../worker/workerPlannerClient.js')
  ]);
  let seconds = 2;
  const makePlanner = () => new WorkerPlannerClient();
  const whatIf = new WhatIf({ makePlanner, clock: now, seconds: () => seconds });
  addPlanSection(sections, { whatIf, trans });
  await followSettings(registry, ({ whatIfSeconds }) => {
    seconds = whatIfSeconds;
  });
}

/** The panel's own sections. */
export const ownSectionPlugins: JupyterFrontEndPlugin<void>[] = [
  sectionPlugin(
    'tasks-section',
    'The tasks of a %saturn session in the Saturn panel.',
    async () => (await import('../panel/tasksSection.js')).tasksSection
  ),
  sectionPlugin(
    'profile-section',
    'What a %saturn session has measured, in the Saturn panel.',
    async () => (await import('../panel/profileSection.js')).profileSection
  ),
  planSectionPlugin,
  sectionPlugin(
    'run-section',
    'What trains now of a %saturn session, in the Saturn panel.',
    async () => (await import('../panel/runSection.js')).runSection
  ),
  sectionPlugin(
    'sweep-section',
    'The sweeps of a %saturn session that are searched or give up tasks, in the Saturn panel.',
    async () => (await import('../panel/sweepSection.js')).sweepSection
  ),
  sectionPlugin(
    'attention-section',
    'What went wrong in a %saturn session, in the Saturn panel.',
    async () => (await import('../panel/attentionSection.js')).attentionSection
  ),
  sectionPlugin(
    'best-section',
    'The best models of a %saturn session, in the Saturn panel.',
    async () => (await import('../panel/bestSection.js')).bestSection
  ),
  sectionPlugin(
    'cluster-section',
    'The nodes of a %saturn session, in the Saturn panel.',
    async () => (await import('../panel/clusterSection.js')).clusterSection
  )
];
