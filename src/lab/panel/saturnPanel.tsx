import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { count } from '../../core/view/format/format.js';
import type { SessionState } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { saturnIcon } from '../components/icons.js';
import { EnvProvider, type IEnv, useEnv, useView } from '../context/panelContext.js';
import { Picture } from '../context/viewSnapshot.js';
import { deviceCount } from '../whatIf/whatIfRequest.js';
import { ActionBar } from './actionBar.js';
import { AbsenceNote } from './connectionNote.js';
import { PlanSection } from './planSection.js';
import { ProfileSection } from './profileSection.js';
import { RunSection } from './runSection.js';
import { TasksSection } from './tasksSection.js';

/** The side panel: the session of the current notebook from its tasks to its results. */
export class SaturnPanel extends ReactWidget {
  constructor(options: SaturnPanel.IOptions) {
    super();
    const { clock, ...env } = options;
    const { trans, store } = env;
    this._env = { ...env, picture: new Picture(store, clock) };
    this.id = SaturnPanel.ID;
    this.title.icon = saturnIcon;
    this.title.caption = trans.__('Saturn: plan and train many models');
    this.addClass('jp-SaturnPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Saturn'));
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._env.picture.dispose();
      this._env.whatIf.dispose();
    }
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._env.picture.isShown = this.isVisible;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._env.picture.isShown = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._env.picture.isShown = false;
  }

  protected override render() {
    return (
      <EnvProvider value={this._env}>
        <Content />
      </EnvProvider>
    );
  }

  private readonly _env: IEnv;
}

export namespace SaturnPanel {
  /** Id of the panel in the shell. */
  export const ID = 'jupyterlab-saturn-panel';

  export interface IOptions extends Omit<IEnv, 'picture'> {
    /** Seconds since the epoch. */
    clock: () => number;
  }
}

function Content() {
  const { store } = useEnv();
  const { state, absence, failure, cells } = useView();
  return (
    <>
      <Header state={state} />
      <div className="jp-SaturnPanel-body">
        {failure && <FailureNote failure={failure} onDismiss={() => store.dismiss()} />}
        {absence && <AbsenceNote absence={absence} strip={state !== null} />}
        {(state || cells.length > 0) && (
          <>
            <TasksSection state={state} />
            {state && <ProfileSection state={state} />}
            {state && <PlanSection state={state} />}
            {state && <RunSection state={state} />}
          </>
        )}
        {state && <Notices state={state} />}
      </div>
    </>
  );
}

function Header({ state }: { state: SessionState | null }) {
  const { trans } = useEnv();
  const devices = deviceCount(state?.cluster);
  return (
    <header className="jp-SaturnPanel-header">
      <div className="jp-SaturnPanel-title">
        <h2>{trans.__('Saturn')}</h2>
        {state && (
          <span className="jp-SaturnPanel-quiet" title={state.folder}>
            {state.session}
            {devices > 0 && ` · ${trans._n('%1 device', '%1 devices', devices)}`}
          </span>
        )}
      </div>
      {state && <ActionBar />}
    </header>
  );
}

/** Latest troubles that belong to no task, newest first. */
function Notices({ state }: { state: SessionState }) {
  const { trans } = useEnv();
  if (state.notices.length === 0) {
    return null;
  }
  return (
    <details className="jp-SaturnPanel-notices">
      <summary>{trans.__('Troubles (%1)', count(state.notices.length))}</summary>
      {[...state.notices].reverse().map((notice, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal notices are told apart by their place alone
        <FailureNote key={i} failure={notice} />
      ))}
    </details>
  );
}
