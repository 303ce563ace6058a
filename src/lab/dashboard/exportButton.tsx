import { exportMenu } from '../components/exportMenu.js';
import { openMenuBelow } from '../components/openMenu.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Opens the menu of the files that the session can be saved as. */
export function ExportButton() {
  const { commands, sessionId, trans } = useDashboardContext();
  return (
    <button
      type="button"
      className="jp-mod-styled"
      aria-haspopup="menu"
      onClick={({ currentTarget }) => openMenuBelow(exportMenu(commands, trans, sessionId), currentTarget)}
    >
      {trans.__('Export')}
    </button>
  );
}
