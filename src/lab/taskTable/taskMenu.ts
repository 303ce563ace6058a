import type { Menu } from '@lumino/widgets';
import { CommandIDs } from '../commands/commandIDs.js';
import { commandMenu, openMenu } from '../components/openMenu.js';
import type { IDashboardContext } from '../context/dashboardContext.js';

/** What can be asked of tasks, in the order of the menu; null is a line between. */
const ITEMS: readonly (string | null)[] = [
  CommandIDs.compareTasks,
  null,
  CommandIDs.runTasks,
  CommandIDs.stopTasks,
  CommandIDs.resumeTasks,
  CommandIDs.retryTasks,
  CommandIDs.cloneTasks,
  null,
  CommandIDs.setPriority,
  CommandIDs.setDeadline,
  CommandIDs.pinTasks,
  null,
  CommandIDs.copyTaskNames,
  CommandIDs.exportTasks,
  null,
  CommandIDs.removeTasks
];

/** What the commands for tasks are told: whose, of the session that is shown. */
export function taskArgs({ session }: Pick<IDashboardContext, 'session'>, tasks: readonly string[]) {
  const folder = session.view.state?.folder;
  return { ...(folder !== undefined && { session: folder }), tasks: [...tasks] };
}

/** Open a menu of what can be asked of tasks, at a place on the page. It goes when it is closed, and the focus back. */
export function openTaskMenu(
  context: IDashboardContext,
  tasks: readonly string[],
  x: number,
  y: number
): Menu {
  const args = taskArgs(context, tasks);
  const menu = commandMenu(
    context.commands,
    ITEMS.map(command => (command === null ? null : { command, args }))
  );
  menu.addClass('jp-SaturnTaskMenu');
  openMenu(menu, x, y, document.activeElement);
  return menu;
}
