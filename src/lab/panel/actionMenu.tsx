import { ellipsesIcon } from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import { CommandIDs } from '../commands/commandIDs.js';
import { exportMenu } from '../components/exportMenu.js';
import { openMenuBelow } from '../components/openMenu.js';
import { useViewContext } from '../context/viewContext.js';

/** What can be asked of a session besides the next step; null is a line between. */
const ITEMS = [
  CommandIDs.profile,
  CommandIDs.plan,
  CommandIDs.run,
  CommandIDs.stop,
  null,
  CommandIDs.dashboard,
  CommandIDs.insertTaskCell
] as const;

/** A button that opens the menu of a session. */
export function ActionMenu() {
  const { commands, trans } = useViewContext();
  const open = (button: HTMLElement) => {
    const menu = new Menu({ commands });
    menu.title.label = trans.__('Session');
    for (const command of ITEMS) {
      menu.addItem(command === null ? { type: 'separator' } : { command });
    }
    menu.addItem({ type: 'submenu', submenu: exportMenu(commands, trans, undefined) });
    openMenuBelow(menu, button);
  };
  return (
    <button
      type="button"
      className="jp-mod-styled jp-mod-minimal jp-SaturnPanel-icon"
      aria-haspopup="menu"
      aria-label={trans.__('More actions')}
      title={trans.__('More actions')}
      onClick={({ currentTarget }) => open(currentTarget)}
    >
      <ellipsesIcon.react tag="span" aria-hidden="true" />
    </button>
  );
}
