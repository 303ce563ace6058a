import type { JSONObject } from '@lumino/coreutils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { isUnderWay } from '../../core/view/status/drawnWhen.js';
import type { Rendered, SessionState } from '../../core/wire/messages.js';

/** MIME type of a session's picture in a cell's output: {@link IPictureData}. */
export const SESSION_MIME = 'application/vnd.jupyterlab-saturn.session+json';

/** Pictures that notebooks keep: of a run, or of the tasks that a cell has made. */
export type PictureName = 'run' | 'schedule' | 'tasks';

const NAMES: readonly unknown[] = ['run', 'schedule', 'tasks'] satisfies PictureName[];

/** What an output says of the picture that is saved in it. */
export interface IPictureData {
  /** Name of the session; null when it is not told. */
  readonly session: string | null;
  /** Which picture it is; null for one that stays as it is. */
  readonly view: PictureName | null;
  /** The tasks that it is of; all when absent. */
  readonly tasks?: readonly string[];
  /** What stands above it, however often it is drawn. */
  readonly above?: Rendered;
  /** Whether it was drawn when all was over. */
  readonly over: boolean;
}

/** What an output says, whoever wrote it. */
export function pictureData({ data }: Pick<IRenderMime.IMimeModel, 'data'>): IPictureData {
  const { session, view, tasks, above, over } = objectIn(data[SESSION_MIME]);
  const { text, html } = objectIn(above);
  const names = Array.isArray(tasks) ? tasks.filter(name => typeof name === 'string') : undefined;
  const isPicture = NAMES.includes(view) && (view !== 'tasks' || names !== undefined);
  return {
    session: typeof session === 'string' ? session : null,
    view: isPicture ? (view as PictureName) : null,
    ...(names && { tasks: names }),
    ...(typeof text === 'string' && typeof html === 'string' && { above: { text, html } }),
    over: over === true
  };
}

/** Whether a picture follows its session while that is known; one of a cell's tasks stays as it was drawn. */
export function isFollowed({ view }: IPictureData): boolean {
  return view !== 'tasks';
}

/** Whether a picture says that something goes on which does not. */
export function isOutOfDate({ session, view, tasks, over }: IPictureData, state: SessionState): boolean {
  if (view === null || over || session !== state.session) {
    return false;
  }
  if (view !== 'tasks') {
    return state.tasks.length > 0 && !isUnderWay(state);
  }
  const shown = state.tasks.filter(({ spec }) => tasks?.includes(spec.name));
  return shown.length > 0 && shown.every(({ status }) => status !== 'inspecting');
}

/** Put a picture in the place of the one in an output, so that the notebook keeps it. */
export function keepPicture(model: IRenderMime.IMimeModel, { text, html }: Rendered): void {
  const said = pictureData(model);
  const { above } = said;
  model.setData({
    data: {
      ...model.data,
      'text/plain': above ? `${above.text}\n\n${text}` : text,
      'text/html': above ? above.html + html : html,
      [SESSION_MIME]: { ...said, over: true } as unknown as JSONObject
    }
  });
}

const objectIn = (value: unknown): Partial<JSONObject> =>
  value !== null && typeof value === 'object' ? (value as JSONObject) : {};
