import { count } from '../../core/view/format/format.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useViewContext } from '../context/viewContext.js';

/** That there are more tasks than are shown, and where they all are. */
export function MoreTasks({ hidden }: { hidden: number }) {
  const { commands, trans } = useViewContext();
  return hidden <= 0 ? null : (
    <button
      type="button"
      className="jp-SaturnPanel-toggle"
      onClick={() => void commands.execute(CommandIDs.dashboard)}
    >
      {trans.__('and %1 more, in the dashboard', count(hidden))}
    </button>
  );
}
