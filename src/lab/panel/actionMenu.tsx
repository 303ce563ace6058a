import { ellipsesIcon } from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import { useEffect, useRef } from 'react';
import { CommandIDs } from '../commands/commandIDs.js';
import { exportMenu } from '../components/exportMenu.js';
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
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<Menu | null>(null);
  useEffect(() => {
    const made = new Menu({ commands });
    made.title.label = trans.__('Session');
    for (const command of ITEMS) {
      made.addItem(command === null ? { type: 'separator' } : { command });
    }
    const files = exportMenu(commands, trans, undefined);
    made.addItem({ type: 'submenu', submenu: files });
    made.aboutToClose.connect(() => button.current?.focus());
    menu.current = made;
    return () => {
      menu.current = null;
      made.dispose();
      files.dispose();
    };
  }, [commands, trans]);
  const open = () => {
    const box = button.current?.getBoundingClientRect();
    if (box) {
      menu.current?.open(box.left, box.bottom);
      // Opened by key, its first item is at hand.
      menu.current?.activateNextItem();
    }
  };
  return (
    <button
      ref={button}
      type="button"
      className="jp-mod-styled jp-mod-minimal jp-SaturnPanel-icon"
      aria-haspopup="menu"
      aria-label={trans.__('More actions')}
      title={trans.__('More actions')}
      onClick={open}
    >
      <ellipsesIcon.react tag="span" aria-hidden="true" />
    </button>
  );
}
