import { printable } from '../../core/view/format/escape.js';
import { count, deviceCount } from '../../core/view/format/format.js';
import { deviceNotices } from '../../core/view/status/deviceNotices.js';
import type { SessionState } from '../../core/wire/messages.js';
import { FailureNote } from '../components/failureNote.js';
import { saturnIcon } from '../components/icons.js';
import { Section } from '../components/section.js';
import { SessionPart } from '../components/sessionPart.js';
import { useSignalState } from '../context/signalState.js';
import { type IViewContext, useViewContext, ViewContextProvider } from '../context/viewContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import type { IPanelSections, ISaturnStore } from '../session/tokens.js';
import { devicesIn } from '../whatIf/whatIfRequest.js';
import { ActionBar } from './actionBar.js';
import { ConnectionNote } from './connectionNote.js';

/** The side panel: the session of the current notebook, section by section. */
export class SaturnPanel extends SessionPart<ISaturnStore> {
  constructor(options: SaturnPanel.IOptions) {
    const { clock, sections, store, commands, trans } = options;
    super(store, clock);
    this._store = store;
    this._context = { session: store, commands, trans };
    this._sections = sections;
    this.id = SaturnPanel.ID;
    this.title.icon = saturnIcon;
    this.title.caption = trans.__('Saturn: plan and train many models');
    this.addClass('jp-SaturnPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Saturn'));
  }

  protected override render() {
    return (
      <ViewContextProvider value={this._context}>
        <Content store={this._store} sections={this._sections} snapshot={this._snapshot} />
      </ViewContextProvider>
    );
  }

  private readonly _store: ISaturnStore;
  private readonly _context: IViewContext;
  private readonly _sections: IPanelSections;
}

export namespace SaturnPanel {
  /** Id of the panel in the shell. */
  export const ID = 'jupyterlab-saturn-panel';

  export interface IOptions extends Omit<IViewContext, 'session'> {
    store: ISaturnStore;
    sections: IPanelSections;
    /** Seconds since the epoch. */
    clock: () => number;
  }
}

function Content(props: {
  store: ISaturnStore;
  sections: IPanelSections;
  snapshot: ViewSnapshot<ISaturnStore>;
}) {
  const { store } = props;
  const { view, now } = useSignalState(props.snapshot.changed, () => props.snapshot.moment);
  const sections = useSignalState(props.sections.changed, () => props.sections.sections);
  const { state, connectionProblem: problem, failure } = view;
  return (
    <>
      <Header view={view} />
      <div className="jp-SaturnPanel-body">
        {failure && <FailureNote failure={failure} onDismiss={() => store.dismiss()} />}
        {problem && <ConnectionNote store={store} problem={problem} strip={state !== null} />}
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
  const { trans } = useViewContext();
  const { state } = view;
  const devices = devicesIn(state?.cluster);
  return (
    <div className="jp-SaturnPanel-header">
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
    </div>
  );
}

/** Troubles with the devices, and the latest others that belong to no task, newest first. */
function Notices({ state }: { state: SessionState }) {
  const { trans } = useViewContext();
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
