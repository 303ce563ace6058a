import type { ITaskTarget } from '../commands/taskTarget.js';
import type { TaskSelection } from '../context/taskSelection.js';
import type { ISessionModel } from '../session/tokens.js';

/** What is asked of a dashboard to act on its tasks. */
interface IShownSession {
  readonly content: {
    readonly session: ISessionModel;
    readonly selection: TaskSelection;
    /** By which the Jupyter server knows the session. */
    readonly sessionId?: string | undefined;
  };
}

/**
 * The session on which commands for tasks act: that of a folder or of an id of the Jupyter server, in a dashboard or of the
 * current notebook; where none is named, of the dashboard in front, else of the notebook.
 */
export function dashboardTarget<W extends IShownSession>(
  options: dashboardTarget.IOptions<W>
): (session: string | undefined) => ITaskTarget | null {
  const { dashboards, shell, store } = options;
  return named => {
    const isNamed = ({ content }: W) =>
      named === undefined || content.sessionId === named || content.session.view.state?.folder === named;
    // Of several dashboards of one session, the one that is seen.
    const found =
      dashboards.find(widget => widget === shell.currentWidget && isNamed(widget)) ??
      (named === undefined ? undefined : dashboards.find(isNamed));
    if (found) {
      const { session, selection } = found.content;
      return { session, selection };
    }
    return named === undefined || store.view.state?.folder === named ? { session: store } : null;
  };
}

export namespace dashboardTarget {
  export interface IOptions<W extends IShownSession> {
    readonly dashboards: { find(isIt: (widget: W) => boolean): W | undefined };
    readonly shell: { readonly currentWidget: unknown };
    /** The session of the current notebook. */
    readonly store: ISessionModel;
  }
}
