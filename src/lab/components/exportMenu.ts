import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';
import { CommandIDs } from '../commands/commandIDs.js';
import { PAGE_FORMATS } from '../commands/exportSession.js';
import { commandMenu } from './openMenu.js';

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
  const items = PAGE_FORMATS.map(format => ({
    command: CommandIDs.exportFile,
    args: { format, ...(session !== undefined && { session }) }
  }));
  return commandMenu(commands, items, trans.__('Export'));
}
