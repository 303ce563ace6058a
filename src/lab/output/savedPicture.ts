import type { JSONObject } from '@lumino/coreutils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { isUnderWay } from '../../core/view/status/drawnWhen.js';
import type { Rendered, SessionState } from '../../core/wire/messages.js';

/** MIME type of a session's picture in a cell's output: {@link IPictureData}. */
export const SESSION_MIME = 'application/vnd.jupyterlab-saturn.session+json';

/** Pictures that notebooks keep. */
export type PictureName = 'run' | 'schedule';

/** What an output says of the picture that is saved in it. */
export interface IPictureData {
  /** Name of the session; null when it is not told. */
  readonly session: string | null;
  /** Which picture it is; null for one that stays as it is. */
  readonly view: PictureName | null;
  /** Whether it was drawn when all was over. */
  readonly over: boolean;
}

/** What an output says, whoever wrote it. */
export function pictureData({ data }: Pick<IRenderMime.IMimeModel, 'data'>): IPictureData {
  const said = data[SESSION_MIME];
  const { session, view, over } = (said !== null && typeof said === 'object' ? said : {}) as JSONObject;
  return {
    session: typeof session === 'string' ? session : null,
    view: view === 'run' || view === 'schedule' ? view : null,
    over: over === true
  };
}

/** Whether a picture says that a session goes on which does not. */
export function isOutOfDate({ session, view, over }: IPictureData, state: SessionState): boolean {
  return view !== null && !over && session === state.session && state.tasks.length > 0 && !isUnderWay(state);
}

/** Put a picture in the place of the one in an output, so that the notebook keeps it. */
export function keepPicture(model: IRenderMime.IMimeModel, { text, html }: Rendered): void {
  const { session, view } = pictureData(model);
  model.setData({
    data: {
      ...model.data,
      'text/plain': text,
      'text/html': html,
      [SESSION_MIME]: { session, view, over: true }
    }
  });
}
