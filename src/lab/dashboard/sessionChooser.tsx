import { sessionEntryLine, sessionEntryText } from '../../core/view/status/sessionEntryText.js';
import type { SessionEntry } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Leads from one session to another, where there are several. */
export function SessionChooser({ entries }: { entries: readonly SessionEntry[] }) {
  const { commands, sessionId, trans } = useDashboardContext();
  if (entries.length < 2 && sessionId !== undefined) {
    return null;
  }
  return (
    <select
      className="jp-mod-styled jp-SaturnDashboard-chooser"
      aria-label={trans.__('Go to another session')}
      value={sessionId ?? ''}
      onChange={({ target }) => void commands.execute(CommandIDs.dashboard, { session: target.value })}
    >
      {entries.every(({ id }) => id !== sessionId) && (
        <option value={sessionId ?? ''}>
          {sessionId === undefined ? trans.__('Current notebook') : trans.__('This session')}
        </option>
      )}
      {entries.map(entry => (
        <option key={entry.id} value={entry.id}>
          {sessionEntryLine(entry, trans)}
        </option>
      ))}
    </select>
  );
}

/** All sessions, to choose from, where none is shown. */
export function SessionList({ entries }: { entries: readonly SessionEntry[] }) {
  const { commands, trans } = useDashboardContext();
  return (
    <ul className="jp-SaturnDashboard-sessions" aria-label={trans.__('Sessions')}>
      {entries.map(entry => {
        const { name, place, status } = sessionEntryText(entry, trans);
        return (
          <li key={entry.id}>
            <button
              type="button"
              data-session={entry.id}
              title={entry.path}
              onClick={() => void commands.execute(CommandIDs.dashboard, { session: entry.id })}
            >
              <strong>{name}</strong>
              <span>{place}</span>
              <span>{status}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
