import { printable } from '../../core/view/format/escape.js';
import { progressLine } from '../../core/view/status/progressLine.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { FailureNote } from '../components/failureNote.js';
import { type IDashboardContext, useDashboardContext } from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import { connectionProblemText } from '../session/connectionProblem.js';

/** Which session it is, how far it is, and what is in the way. */
export function dashboardHeader(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnDashboard-header',
    label: context.trans.__('Session'),
    component: Header
  });
}

function Header({ view: { state, connectionProblem, failure }, now }: ViewSnapshot.IMoment) {
  const { session, trans } = useDashboardContext();
  return (
    <>
      {state && (
        <div className="jp-SaturnDashboard-title">
          <h2 title={printable(state.folder)}>{printable(state.session)}</h2>
          <span role="status">{progressLine(state, now, trans)}</span>
        </div>
      )}
      {failure && <FailureNote failure={failure} onDismiss={() => session.dismiss()} />}
      {connectionProblem && <p role="status">{connectionProblemText(connectionProblem, trans).title}</p>}
    </>
  );
}
