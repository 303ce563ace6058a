import { count, taskCount } from '../../core/view/format/format.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { openTaskMenu, taskArgs } from './taskMenu.js';

const IN_SIGHT = [
  CommandIDs.compareTasks,
  CommandIDs.stopTasks,
  CommandIDs.resumeTasks,
  CommandIDs.retryTasks,
  CommandIDs.cloneTasks,
  CommandIDs.removeTasks
];

/**
 * What can be asked of the tasks that are selected.
 *
 * @param hidden - how many of them are not among those that are shown.
 */
export function BulkBar({ tasks, hidden }: { tasks: readonly string[]; hidden: number }) {
  const context = useDashboardContext();
  const { commands, selection, trans } = context;
  const args = taskArgs(context, tasks);
  return (
    <div className="jp-SaturnTaskTable-bulk" role="toolbar" aria-label={trans.__('Selected tasks')}>
      <span role="status">
        {hidden > 0
          ? trans.__('%1 selected, %2 of them not shown', taskCount(tasks.length, trans), count(hidden))
          : trans.__('%1 selected', taskCount(tasks.length, trans))}
      </span>
      {IN_SIGHT.filter(command => commands.hasCommand(command)).map(command => (
        <button
          key={command}
          type="button"
          className="jp-mod-styled"
          data-command={command}
          disabled={!commands.isEnabled(command, args)}
          title={commands.caption(command, args)}
          onClick={() => void commands.execute(command, args)}
        >
          {commands.label(command, args)}
        </button>
      ))}
      <button
        type="button"
        className="jp-mod-styled"
        aria-haspopup="menu"
        onClick={event => {
          const { left, bottom } = event.currentTarget.getBoundingClientRect();
          openTaskMenu(context, tasks, left, bottom);
        }}
      >
        {trans.__('More')}
      </button>
      <button type="button" className="jp-mod-styled" onClick={() => selection.select([])}>
        {trans.__('Select None')}
      </button>
    </div>
  );
}
