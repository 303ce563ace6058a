import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { CommandIDs } from '../commands/commandIDs.js';
import { PAGE_FORMATS } from '../commands/exportSession.js';

/**
 * The files that a session can be saved as.
 *
 * @param session - id of a session that is open; that of the current notebook when absent.
 */
export function exportMenu(
  commands: CommandRegistry,
  trans: TranslationBundle,
  session: string | undefined
): Menu {
  const menu = new Menu({ commands });
  menu.title.label = trans.__('Export');
  for (const format of PAGE_FORMATS) {
    menu.addItem({
      command: CommandIDs.exportFile,
      args: { format, ...(session !== undefined && { session }) }
    });
  }
  return menu;
}
