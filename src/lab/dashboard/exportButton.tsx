import { exportMenu } from '../components/exportMenu.js';
import { useDashboardContext } from '../context/dashboardContext.js';

/** Opens the menu of the files that the session can be saved as. */
export function ExportButton() {
  const { commands, sessionId, trans } = useDashboardContext();
  const open = (button: HTMLElement) => {
    const menu = exportMenu(commands, trans, sessionId);
    // Its item is carried out after it has closed.
    menu.aboutToClose.connect(() => {
      button.focus();
      setTimeout(() => menu.dispose());
    });
    const { left, bottom } = button.getBoundingClientRect();
    menu.open(left, bottom);
    menu.activateNextItem();
  };
  return (
    <button
      type="button"
      className="jp-mod-styled"
      aria-haspopup="menu"
      onClick={({ currentTarget }) => open(currentTarget)}
    >
      {trans.__('Export')}
    </button>
  );
}
