import type { CommandRegistry } from '@lumino/commands';
import { CommandIDs } from '../commands/commandIDs.js';

/** Whether there is a place for dashboards, so that a way to one may be offered. */
export function hasDashboard(commands: CommandRegistry): boolean {
  return commands.isVisible(CommandIDs.dashboard);
}
