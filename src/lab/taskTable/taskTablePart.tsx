import { useMemo, useState } from 'react';
import { noTasks } from '../../core/view/display/emptyStates.js';
import { type Grouping, rowGroups } from '../../core/view/taskTable/rowGroups.js';
import { statusCounts } from '../../core/view/taskTable/statusGroup.js';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import { foundRows, type ITaskSearch } from '../../core/view/taskTable/taskSearch.js';
import type { SessionState } from '../../core/wire/messages.js';
import { DashboardPart } from '../components/dashboardPart.js';
import { WithCode } from '../components/withCode.js';
import {
  type IDashboardContext,
  useDashboardContext,
  useSelectedTasks
} from '../context/dashboardContext.js';
import { usePaced } from '../context/paced.js';
import type { ViewSnapshot } from '../context/viewSnapshot.js';
import { BulkBar } from './bulkBar.js';
import { groupItems, plainItems } from './gridItem.js';
import { useTablePreferences } from './tablePreferences.js';
import { TaskGrid } from './taskGrid.js';
import { TaskToolbar } from './taskToolbar.js';
import { useSortedRows } from './useSortedRows.js';
import { useTaskRows } from './useTaskRows.js';

/** The tasks of the session, a row each; those that are selected here are selected in all parts. */
export function taskTablePart(context: IDashboardContext): DashboardPart {
  return new DashboardPart({
    context,
    className: 'jp-SaturnTaskTable',
    label: context.trans.__('Tasks of the session'),
    component: TaskTable
  });
}

function TaskTable(moment: ViewSnapshot.IMoment) {
  const { trans } = useDashboardContext();
  const { view, now } = usePaced(moment);
  return view.state === null || view.state.tasks.length === 0 ? (
    <p className="jp-SaturnPanel-hint">
      <WithCode text={noTasks(trans)} />
    </p>
  ) : (
    <Tasks state={view.state} now={now} />
  );
}

const EVERYTHING: ITaskSearch = { text: '', groups: new Set() };

function Tasks({ state, now }: { state: SessionState; now: number }) {
  const { trans } = useDashboardContext();
  const { rows, columns } = useTaskRows(state, now, trans);
  const [search, setSearch] = useState(EVERYTHING);
  const [wanted, setGrouping] = useState<Grouping>();
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [preferences, prefer] = useTablePreferences();
  const isShown = useMemo(
    () => (column: ITaskColumn) => column.id === 'name' || (preferences.columns[column.id] ?? column.isUsual),
    [preferences]
  );
  const found = useMemo(() => foundRows(rows, search, columns), [rows, search, columns]);
  const table = useSortedRows(found, columns, isShown);
  const groupings = groupingsOf(columns, trans);
  const grouping = groupings.some(([value]) => value === wanted) ? wanted : undefined;
  const items = useMemo(
    () =>
      grouping === undefined
        ? plainItems(table.sorted)
        : groupItems(rowGroups(table.sorted, grouping, trans), folded),
    [table.sorted, grouping, folded, trans]
  );
  const selected = useSelectedTasks();
  const names = useMemo(() => table.sorted.map(({ task }) => task.spec.name), [table.sorted]);
  const shown = useMemo(() => new Set(names), [names]);
  const counts = useMemo(() => statusCounts(state.tasks), [state.tasks]);
  return (
    <>
      <TaskToolbar
        search={search}
        counts={counts}
        found={names}
        all={rows.length}
        grouping={grouping}
        groupings={groupings}
        columns={columns}
        isShown={isShown}
        onSearch={setSearch}
        onGroup={setGrouping}
        onShow={(id, isShown) => prefer({ columns: { ...preferences.columns, [id]: isShown } })}
      />
      {selected.length > 0 && (
        <BulkBar tasks={selected} hidden={selected.filter(task => !shown.has(task)).length} />
      )}
      {items.length === 0 ? (
        <p className="jp-SaturnPanel-hint">
          {trans.__('No task is like that.')}{' '}
          <button type="button" className="jp-mod-styled" onClick={() => setSearch(EVERYTHING)}>
            {trans.__('Show all')}
          </button>
        </p>
      ) : (
        <TaskGrid
          items={items}
          columns={table.columns}
          sorting={table.sorting}
          isGrouped={grouping !== undefined}
          onSort={table.sort}
          onFold={key => setFolded(toggled(folded, key))}
        />
      )}
    </>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}

/** By what tasks can be grouped. */
function groupingsOf(
  columns: readonly ITaskColumn[],
  trans: IDashboardContext['trans']
): readonly (readonly [Grouping, string])[] {
  const params = columns.flatMap(({ id, label }) =>
    id.startsWith('param:') ? [[id as Grouping, label] as const] : []
  );
  return [['points', trans.__('same values, over seeds')], ['sweep', trans.__('sweep')], ...params];
}
