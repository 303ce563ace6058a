import { count, taskCount } from '../../core/view/format/format.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { type IDashboardContext, useDashboardContext } from '../context/dashboardContext.js';
import { openTaskMenu, taskArgs } from './taskMenu.js';

/** What is in sight, in fewer words than in the menu: how many tasks it is for is said beside it. */
const inSight = (trans: IDashboardContext['trans']): readonly (readonly [string, string])[] => [
  [CommandIDs.compareTasks, trans.__('Compare')],
  [CommandIDs.stopTasks, trans.__('Stop')],
  [CommandIDs.resumeTasks, trans.__('Resume')],
  [CommandIDs.retryTasks, trans.__('Retry')],
  [CommandIDs.cloneTasks, trans.__('Clone…')],
  [CommandIDs.removeTasks, trans.__('Take Out…')]
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
      {inSight(trans).map(([command, label]) => (
        <button
          key={command}
          type="button"
          className="jp-mod-styled"
          data-command={command}
          disabled={!commands.isEnabled(command, args)}
          title={commands.caption(command, args)}
          onClick={() => void commands.execute(command, args)}
        >
          {label}
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
