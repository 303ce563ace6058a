import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { count } from '../../core/view/format/format.js';
import type { SessionState } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { saturnIcon } from '../components/icons.js';
import {
  type IPanelContext,
  PanelContextProvider,
  usePanelContext,
  useView
} from '../context/panelContext.js';
import { ViewSnapshot } from '../context/viewSnapshot.js';
import type { WhatIf } from '../whatIf/whatIf.js';
import { WhatIfProvider } from '../whatIf/whatIfContext.js';
import { deviceCount } from '../whatIf/whatIfRequest.js';
import { ActionBar } from './actionBar.js';
import { ConnectionNote } from './connectionNote.js';
import { PlanSection } from './planSection.js';
import { ProfileSection } from './profileSection.js';
import { RunSection } from './runSection.js';
import { TasksSection } from './tasksSection.js';

/** The side panel: the session of the current notebook from its tasks to its results. */
export class SaturnPanel extends ReactWidget {
  constructor(options: SaturnPanel.IOptions) {
    super();
    const { clock, whatIf, ...context } = options;
    const { trans, store } = context;
    this._whatIf = whatIf;
    this._context = { ...context, snapshot: new ViewSnapshot(store, clock) };
    this.id = SaturnPanel.ID;
    this.title.icon = saturnIcon;
    this.title.caption = trans.__('Saturn: plan and train many models');
    this.addClass('jp-SaturnPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Saturn'));
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._context.snapshot.dispose();
      this._whatIf.dispose();
    }
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._context.snapshot.isShown = this.isVisible;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._context.snapshot.isShown = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._context.snapshot.isShown = false;
  }

  protected override render() {
    return (
      <PanelContextProvider value={this._context}>
        <WhatIfProvider value={this._whatIf}>
          <Content />
        </WhatIfProvider>
      </PanelContextProvider>
    );
  }

  private readonly _context: IPanelContext;
  private readonly _whatIf: WhatIf;
}

export namespace SaturnPanel {
  /** Id of the panel in the shell. */
  export const ID = 'jupyterlab-saturn-panel';

  export interface IOptions extends Omit<IPanelContext, 'snapshot'> {
    /** Answers what-if questions; the panel disposes of it. */
    whatIf: WhatIf;
    /** Seconds since the epoch. */
    clock: () => number;
  }
}

function Content() {
  const { store } = usePanelContext();
  const { state, connectionProblem: problem, failure, cells } = useView();
  return (
    <>
      <Header state={state} />
      <div className="jp-SaturnPanel-body">
        {failure && <FailureNote failure={failure} onDismiss={() => store.dismiss()} />}
        {problem && <ConnectionNote problem={problem} strip={state !== null} />}
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
  const { trans } = usePanelContext();
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
  const { trans } = usePanelContext();
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
