import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { printable } from '../../core/view/format/escape.js';
import { count, deviceCount } from '../../core/view/format/format.js';
import { deviceNotices } from '../../core/view/status/deviceNotices.js';
import type { SessionState } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { saturnIcon } from '../components/icons.js';
import { Section } from '../components/section.js';
import { type IPanelContext, PanelContextProvider, usePanelContext } from '../context/panelContext.js';
import { useSignalState } from '../context/signalState.js';
import { ViewSnapshot } from '../context/viewSnapshot.js';
import type { IPanelSections, ISaturnStore } from '../session/tokens.js';
import { devicesIn } from '../whatIf/whatIfRequest.js';
import { ActionBar } from './actionBar.js';
import { ConnectionNote } from './connectionNote.js';

/** The side panel: the session of the current notebook, section by section. */
export class SaturnPanel extends ReactWidget {
  constructor(options: SaturnPanel.IOptions) {
    super();
    const { clock, sections, ...context } = options;
    const { trans, store } = context;
    this._context = context;
    this._sections = sections;
    this._snapshot = new ViewSnapshot(store, clock);
    this.id = SaturnPanel.ID;
    this.title.icon = saturnIcon;
    this.title.caption = trans.__('Saturn: plan and train many models');
    this.addClass('jp-SaturnPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Saturn'));
  }

  override dispose(): void {
    this._snapshot.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._snapshot.isShown = this.isVisible;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._snapshot.isShown = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._snapshot.isShown = false;
  }

  protected override render() {
    return (
      <PanelContextProvider value={this._context}>
        <Content sections={this._sections} snapshot={this._snapshot} />
      </PanelContextProvider>
    );
  }

  private readonly _context: IPanelContext;
  private readonly _sections: IPanelSections;
  private readonly _snapshot: ViewSnapshot;
}

export namespace SaturnPanel {
  /** Id of the panel in the shell. */
  export const ID = 'jupyterlab-saturn-panel';

  export interface IOptions extends IPanelContext {
    sections: IPanelSections;
    /** Seconds since the epoch. */
    clock: () => number;
  }
}

function Content(props: { sections: IPanelSections; snapshot: ViewSnapshot }) {
  const { store } = usePanelContext();
  const { view, now } = useSignalState(props.snapshot.changed, () => props.snapshot.moment);
  const sections = useSignalState(props.sections.changed, () => props.sections.sections);
  const { state, connectionProblem: problem, failure } = view;
  return (
    <>
      <Header view={view} />
      <div className="jp-SaturnPanel-body">
        {failure && <FailureNote failure={failure} onDismiss={() => store.dismiss()} />}
        {problem && <ConnectionNote problem={problem} strip={state !== null} />}
        {sections
          .filter(({ isVisible = hasState }) => isVisible(view))
          .map(section => (
            <Section key={section.id} section={section} view={view} now={now} />
          ))}
        {state && <Notices state={state} />}
      </div>
    </>
  );
}

const hasState = ({ state }: ISaturnStore.IView) => state !== null;

function Header({ view }: { view: ISaturnStore.IView }) {
  const { trans } = usePanelContext();
  const { state } = view;
  const devices = devicesIn(state?.cluster);
  return (
    <header className="jp-SaturnPanel-header">
      <div className="jp-SaturnPanel-title">
        <h2>{trans.__('Saturn')}</h2>
        {state && (
          <span className="jp-SaturnPanel-quiet" title={printable(state.folder)}>
            {printable(state.session)}
            {devices > 0 && ` · ${deviceCount(devices, trans)}`}
          </span>
        )}
      </div>
      {state && <ActionBar view={view} />}
    </header>
  );
}

/** Troubles with the devices, and the latest others that belong to no task, newest first. */
function Notices({ state }: { state: SessionState }) {
  const { trans } = usePanelContext();
  const notices = [...state.notices, ...deviceNotices(state)].reverse();
  if (notices.length === 0) {
    return null;
  }
  return (
    <details className="jp-SaturnPanel-notices">
      <summary>{trans.__('Troubles (%1)', count(notices.length))}</summary>
      {notices.map((notice, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal notices are told apart by their place alone
        <FailureNote key={i} failure={notice} />
      ))}
    </details>
  );
}
