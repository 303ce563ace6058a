import { ConnectionNote } from '../components/connectionNote.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { type IDashboardContext, useDashboardContext } from '../context/dashboardContext.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import type { ConnectionProblem } from '../session/connectionProblem.js';
import { SessionList } from './sessionChooser.js';
import { useSessionEntries, useSessionsProblem } from './sessionEntries.js';

/** What a dashboard shows while nothing is known of its session: why, what to do, and which other sessions there are. */
export function dashboardAbsence(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnDashboard-absence',
    label: context.trans.__('No session is shown'),
    component: Absence
  });
}

function Absence({ view: { connectionProblem } }: ViewSnapshot.IMoment) {
  const { session, sessionId, sessions, trans } = useDashboardContext();
  const entries = useSessionEntries();
  const serverProblem = useSessionsProblem();
  const problem: ConnectionProblem = connectionProblem ?? { kind: 'waiting' };
  if (sessionId !== undefined) {
    return (
      <>
        <ConnectionNote store={session} problem={problem} strip={false} />
        {problem.kind === 'session-gone' && <SessionList entries={entries} />}
      </>
    );
  }
  const others = entries.length > 0;
  return (
    <>
      {others ? (
        <p className="jp-SaturnAbsence-title">{trans.__('Choose a session')}</p>
      ) : (
        <ConnectionNote
          store={session}
          problem={sessions?.list ? { kind: 'no-session' } : problem}
          strip={false}
        />
      )}
      <SessionList entries={entries} />
      {serverProblem && <ConnectionNote store={session} problem={serverProblem} strip />}
    </>
  );
}
