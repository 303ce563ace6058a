import { taskCount } from '../../core/view/format/format.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useViewContext } from '../context/viewContext.js';
import { cellStatus, type ITaskCell } from '../notebook/taskCells.js';
import type { ISaturnStore } from '../session/tokens.js';

/** Task cells of the notebook whose tasks are not in the session yet, or are from an older text. */
export function CellList({ view }: { view: ISaturnStore.IView }) {
  const { trans } = useViewContext();
  const { cells, state } = view;
  const open = cells
    .map(cell => ({ cell, status: cellStatus(cell, state?.tasks ?? []) }))
    .filter(({ status }) => status !== 'current');
  if (open.length === 0) {
    return null;
  }
  return (
    <ul className="jp-SaturnCells" aria-label={trans.__('Task cells not run yet')}>
      {open.map(({ cell, status }) => (
        <li key={cell.id} className="jp-SaturnCells-item">
          <div>
            <strong>{cell.sweep ?? trans.__('(no function yet)')}</strong>{' '}
            <span className="jp-SaturnPanel-quiet">
              {taskCount(cell.size, trans)} ·{' '}
              {status === 'new' ? trans.__('not run yet') : trans.__('edited since it ran')}
            </span>
          </div>
          {cell.grid.length > 0 && <GridText cell={cell} />}
          <CellButtons cell={cell} />
        </li>
      ))}
    </ul>
  );
}

function GridText({ cell }: { cell: ITaskCell }) {
  return (
    <dl className="jp-SaturnCells-grid">
      {cell.grid.map(axis => (
        <div key={axis.name}>
          <dt>{axis.name}</dt>
          <dd>{axis.values.join(', ')}</dd>
        </div>
      ))}
    </dl>
  );
}

function CellButtons({ cell }: { cell: ITaskCell }) {
  const { commands, trans } = useViewContext();
  return (
    <div className="jp-SaturnPanel-buttons">
      <button
        type="button"
        className="jp-mod-styled"
        onClick={() => void commands.execute(CommandIDs.runTaskCell, { cell: cell.id })}
      >
        {trans.__('Run cell')}
      </button>
      <button
        type="button"
        className="jp-mod-styled jp-mod-minimal"
        onClick={() => void commands.execute(CommandIDs.showCell, { cell: cell.id })}
      >
        {trans.__('Go to cell')}
      </button>
    </div>
  );
}
