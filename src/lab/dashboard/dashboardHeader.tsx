import { printable } from '../../core/view/format/escape.js';
import { sweepStandings } from '../../core/view/results/sweepStanding.js';
import { comparedWords, sweepLine, sweepTroubles } from '../../core/view/results/sweepText.js';
import { progressFacts } from '../../core/view/status/progressLine.js';
import { sessionEntryText } from '../../core/view/status/sessionEntryText.js';
import { nodesSentence } from '../../core/view/status/shownNodes.js';
import type { SessionState } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { type Action, isPossible } from '../commands/sessionActions.js';
import { ConnectionNote } from '../components/connectionNote.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { FailureNote } from '../components/failureNote.js';
import { SweepBar } from '../components/sweepBar.js';
import { type IDashboardContext, useDashboardContext } from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import type { ISessionModel } from '../session/tokens.js';
import { ExportButton } from './exportButton.js';
import { SessionChooser } from './sessionChooser.js';
import { useSessionEntries } from './sessionEntries.js';

/** Which session it is, how far it is, what can be asked of it, and what is in the way. */
export function dashboardHeader(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnDashboard-header',
    label: context.trans.__('Session'),
    component: Header
  });
}

function Header({ view, now }: ViewSnapshot.IMoment) {
  const { session, sessionId, trans } = useDashboardContext();
  const entries = useSessionEntries();
  const { state, connectionProblem, failure } = view;
  const entry = entries.find(({ id, path }) =>
    sessionId === undefined ? path === state?.folder : id === sessionId
  );
  const name = state?.session ?? entry?.session;
  const nodes = state ? nodesSentence(state, now, trans) : undefined;
  return (
    <>
      <div className="jp-SaturnDashboard-title">
        <h2 title={printable(state?.folder ?? entry?.path ?? '')}>
          {name === undefined ? trans.__('Saturn') : printable(name)}
        </h2>
        {entry && <span className="jp-SaturnDashboard-place">{sessionEntryText(entry, trans).place}</span>}
        {entries.length > 0 && <SessionChooser entries={entries} />}
        {state && (
          <span className="jp-SaturnDashboard-progress">{progressFacts(state, now, trans).join(', ')}</span>
        )}
        {state && <SessionActions view={view} />}
      </div>
      {nodes !== undefined && <div className="jp-SaturnDashboard-place">{printable(nodes)}</div>}
      {state && <Sweeps state={state} />}
      {failure && <FailureNote failure={failure} onDismiss={() => session.dismiss()} />}
      {state && connectionProblem && <ConnectionNote store={session} problem={connectionProblem} strip />}
    </>
  );
}

/** How the sweeps stand whose points are searched, or given up early. */
function Sweeps({ state }: { state: SessionState }) {
  const { trans } = useDashboardContext();
  return sweepStandings(state).map(standing => (
    <div key={standing.sweep.spec.name} className="jp-SaturnDashboard-sweep">
      <SweepBar standing={standing} />
      <span>{printable(sweepLine(standing, trans))}</span>
      <span className="jp-SaturnPanel-quiet">{printable(comparedWords(standing, trans))}</span>
      {sweepTroubles(standing, trans).map(text => (
        <span key={text} className="jp-mod-warning">
          {printable(text)}
        </span>
      ))}
    </div>
  ));
}

/** What can be asked of the session that is shown, whichever notebook is the current one. */
function SessionActions({ view }: { view: ISessionModel.IView }) {
  const { trans } = useDashboardContext();
  return (
    <div className="jp-SaturnDashboard-actions" role="toolbar" aria-label={trans.__('Actions')}>
      <SessionButton view={view} action="plan" label={trans.__('Plan')} />
      <SessionButton view={view} action="run" label={trans.__('Train')} accent />
      <SessionButton view={view} action="stop" label={trans.__('Stop')} />
      <ExportButton />
    </div>
  );
}

function SessionButton(props: {
  view: ISessionModel.IView;
  action: Action;
  label: string;
  accent?: boolean;
}) {
  const { commands, sessionId } = useDashboardContext();
  const command = CommandIDs[props.action];
  const args = sessionId === undefined ? {} : { session: sessionId };
  return (
    <button
      type="button"
      className={`jp-mod-styled${props.accent ? ' jp-mod-accept' : ''}`}
      data-command={command}
      disabled={!isPossible(props.action, props.view)}
      aria-busy={props.view.pending.has(props.action)}
      title={commands.caption(command, args)}
      onClick={() => void commands.execute(command, args)}
    >
      {props.label}
    </button>
  );
}
