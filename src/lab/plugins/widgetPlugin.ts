import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { EXTENSION_ID, VERSION } from '../extension.js';

/** The live schedule in cell outputs. */
export const widgetPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:widget',
  description: 'Renders %saturn displays in cells as live widgets.',
  autoStart: true,
  optional: [IJupyterWidgetRegistry, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    registry: IJupyterWidgetRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    registry?.registerWidget({
      name: EXTENSION_ID,
      version: VERSION,
      exports: async () => (await import('../output/sessionWidget.js')).widgetExports(trans)
    });
  }
};
