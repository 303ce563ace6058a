import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ENGLISH } from '../../core/model/translation.js';
import type { Rendered, SessionState } from '../../core/wire/messages.js';
import { now } from '../context/clock.js';
import { type PictureName, SESSION_MIME } from '../output/savedPicture.js';
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
            draw: (view, state) => drawEnd(store, notebook(), view, state),
            trans,
            random: Math.random
          });
        }
      },
      RANK
    );
  }
};

/** A session as it ended, in English as by the kernel: by the engine, with curves, or as it is known here. */
async function drawEnd(
  store: ISaturnStore,
  panel: NotebookPanel | undefined,
  view: PictureName,
  state: SessionState
): Promise<Rendered> {
  if (panel && store.stateOf(panel) === state) {
    try {
      const answer = await store.requestOf(panel, 'render', { view });
      if (answer.type === 'rendered') {
        return answer.body;
      }
    } catch {
      // It is out of reach by now.
    }
  }
  return (await import('../../core/view/render.js')).render(view, state, now(), ENGLISH);
}
