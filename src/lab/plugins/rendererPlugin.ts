import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { drawEnd } from '../output/drawEnd.js';
import { SESSION_MIME } from '../output/savedPicture.js';
import { SessionRenderer } from '../output/sessionRenderer.js';
import { ISaturnStore } from '../session/tokens.js';

/** Before widgets, whose renderer shows nothing but an error once the kernel is gone; theirs has −10. */
const RANK = -20;

/** Sessions in cell outputs, live or as they were saved. */
export const rendererPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-saturn:renderer',
  description: 'Renders %saturn displays in cells, live while the session is known.',
  autoStart: true,
  requires: [ISaturnStore, INotebookTracker, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    store: ISaturnStore,
    tracker: INotebookTracker,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_saturn');
    registry.addFactory(
      {
        safe: true,
        mimeTypes: [SESSION_MIME],
        createRenderer: ({ resolver }) => {
          // An output knows of its notebook no more than the resolver that both have.
          const notebook = () => tracker.find(({ content }) => content.rendermime.resolver === resolver);
          return new SessionRenderer({
            store,
            findState: () => {
              const panel = notebook();
              return panel ? store.stateOf(panel) : null;
            },
            makeSaved: () => registry.createRenderer('text/html'),
            draw: (picture, state) => {
              const panel = notebook();
              const isItself = panel !== undefined && store.stateOf(panel) === state;
              return drawEnd(
                isItself ? body => store.requestOf(panel, 'render', body) : null,
                picture,
                state
              );
            },
            trans,
            random: Math.random
          });
        }
      },
      RANK
    );
  }
};
