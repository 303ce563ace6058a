import { printable } from '../../core/view/format/escape.js';
import { deviceCount } from '../../core/view/format/format.js';
import { sessionPhase } from '../../core/view/status/sessionPhase.js';
import { nodesSentence } from '../../core/view/status/shownNodes.js';
import type { SessionState } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { ConnectionNote } from '../components/connectionNote.js';
import { FailureNote } from '../components/failureNote.js';
import { Section } from '../components/section.js';
import { SessionPart } from '../components/sessionPart.js';
import { type FoldMemory, FoldMemoryProvider } from '../context/foldMemory.js';
import { useSignalState } from '../context/signalState.js';
import { type IViewContext, useViewContext, ViewContextProvider } from '../context/viewContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import type { IPanelSections, ISaturnStore } from '../session/tokens.js';
import { devicesIn } from '../whatIf/whatIfRequest.js';
import { ActionMenu } from './actionMenu.js';
import { type IPanelContext, PanelContextProvider } from './panelContext.js';
import { PrimaryButton } from './primaryButton.js';
import { ProgressHeadline } from './progressHeadline.js';
import { RunningCurves } from './runningCurves.js';

/** The side panel: the session of the current notebook, section by section. */
export class SaturnPanel extends SessionPart<ISaturnStore> {
  constructor(options: SaturnPanel.IOptions) {
    const { clock, folds, sections, store, commands, trans } = options;
    super(store, clock);
    this._store = store;
    this._folds = folds;
    this._panelContext = { curves: new RunningCurves(store) };
    this._context = { session: store, commands, trans };
    this._sections = sections;
    this.addClass('jp-SaturnPanel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Saturn'));
  }

  override dispose(): void {
    this._panelContext.curves.dispose();
    super.dispose();
  }

  protected override render() {
    return (
      <ViewContextProvider value={this._context}>
        <PanelContextProvider value={this._panelContext}>
          <FoldMemoryProvider value={this._folds}>
            <Content store={this._store} sections={this._sections} snapshot={this._snapshot} />
          </FoldMemoryProvider>
        </PanelContextProvider>
      </ViewContextProvider>
    );
  }

  protected override _setShown(isShown: boolean): void {
    super._setShown(isShown);
    this._panelContext.curves.isShown = isShown;
  }

  private readonly _store: ISaturnStore;
  private readonly _context: IViewContext;
  private readonly _panelContext: IPanelContext;
  private readonly _folds: FoldMemory;
  private readonly _sections: IPanelSections;
}

export namespace SaturnPanel {
  export interface IOptions extends Omit<IViewContext, 'session'> {
    store: ISaturnStore;
    sections: IPanelSections;
    folds: FoldMemory;
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
      <Header view={view} now={now} />
      <div className="jp-SaturnPanel-body">
        {failure && <FailureNote failure={failure} onDismiss={() => store.dismiss()} />}
        {problem && <ConnectionNote store={store} problem={problem} strip={state !== null} />}
        {inOrder(sections, state)
          .filter(({ isVisible = hasState }) => isVisible(view))
          .map(section => (
            <Section key={section.id} section={section} view={view} now={now} />
          ))}
      </div>
    </>
  );
}

const hasState = ({ state }: ISaturnStore.IView) => state !== null;

/** What matters most in the phase the session is in comes first. */
function inOrder(sections: readonly IPanelSections.Section[], state: SessionState | null) {
  const phase = state === null ? 'define' : sessionPhase(state);
  const rank = ({ ranks, rank }: IPanelSections.Section) => ranks?.[phase] ?? rank;
  return [...sections].sort((a, b) => rank(a) - rank(b));
}

function Header({ view, now }: { view: ISaturnStore.IView; now: number }) {
  const { commands, trans } = useViewContext();
  const { state } = view;
  const devices = devicesIn(state?.cluster);
  const nodes = state ? nodesSentence(state, now, trans) : undefined;
  return (
    <div className="jp-SaturnPanel-header">
      <div className="jp-SaturnPanel-title">
        <h2>{trans.__('Saturn')}</h2>
        {state && (
          <span
            className="jp-SaturnPanel-quiet jp-SaturnPanel-session"
            title={[printable(state.folder), ...(devices > 0 ? [deviceCount(devices, trans)] : [])].join(
              '\n'
            )}
          >
            {printable(state.session)}
          </span>
        )}
        {state && (
          <>
            <button
              type="button"
              className="jp-mod-styled jp-mod-minimal"
              data-command={CommandIDs.dashboard}
              title={commands.caption(CommandIDs.dashboard)}
              onClick={() => void commands.execute(CommandIDs.dashboard)}
            >
              {trans.__('Open dashboard')}
            </button>
            <ActionMenu />
          </>
        )}
      </div>
      {state && <PrimaryButton view={view} />}
      {state && state.tasks.length > 0 && <ProgressHeadline state={state} now={now} />}
      {nodes !== undefined && <p className="jp-SaturnPanel-quiet jp-SaturnPanel-nodes">{printable(nodes)}</p>}
    </div>
  );
}
