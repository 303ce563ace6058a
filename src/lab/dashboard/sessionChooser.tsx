import { count } from '../../core/view/format/format.js';
import { sessionEntryLine, sessionEntryText } from '../../core/view/status/sessionEntryText.js';
import type { SessionEntry } from '../../core/wire/messages.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { commandMenu, openMenuBelow } from '../components/openMenu.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Leads from one session to another, where there are several. */
export function SessionChooser({ entries }: { entries: readonly SessionEntry[] }) {
  const { commands, sessionId, trans } = useDashboardContext();
  const others = entries.filter(({ id }) => id !== sessionId);
  if (others.length === 0) {
    return null;
  }
  const open = (button: HTMLElement) => {
    const items = others.map(entry => ({
      command: CommandIDs.dashboard,
      args: { session: entry.id, label: sessionEntryLine(entry, trans) }
    }));
    openMenuBelow(commandMenu(commands, items), button);
  };
  return (
    <button
      type="button"
      className="jp-mod-styled jp-SaturnDashboard-chooser"
      aria-haspopup="menu"
      title={trans.__('Go to another session')}
      onClick={({ currentTarget }) => open(currentTarget)}
    >
      {trans._n('%2 more session', '%2 more sessions', others.length, count(others.length))}
    </button>
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
