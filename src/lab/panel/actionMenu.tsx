import { ellipsesIcon } from '@jupyterlab/ui-components';
import { CommandIDs } from '../commands/commandIDs.js';
import { exportMenu } from '../components/exportMenu.js';
import { commandMenu, openMenuBelow } from '../components/openMenu.js';
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
    const items = [
      ...ITEMS.map(command => (command === null ? null : { command })),
      { type: 'submenu' as const, submenu: exportMenu(commands, trans, undefined) }
    ];
    openMenuBelow(commandMenu(commands, items, trans.__('Session')), button);
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
