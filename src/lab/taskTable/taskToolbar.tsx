import { count, taskCount } from '../../core/view/format/format.js';
import type { Grouping } from '../../core/view/taskTable/rowGroups.js';
import { STATUS_GROUPS, type StatusGroup, statusGroupWords } from '../../core/view/taskTable/statusGroup.js';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import type { ITaskSearch } from '../../core/view/taskTable/taskSearch.js';
import { CommandIDs } from '../commands/commandIDs.js';
import { useDashboardContext } from '../context/dashboardContext.js';
import { ColumnChooser } from './columnChooser.js';
import { taskArgs } from './taskMenu.js';

/** What is looked for, and how it is shown. */
export function TaskToolbar(props: TaskToolbar.IProps) {
  const { search, counts, found, all, grouping, groupings, onSearch, onGroup } = props;
  const context = useDashboardContext();
  const { commands, trans } = context;
  const toggle = (group: StatusGroup) => {
    const groups = new Set(search.groups);
    if (!groups.delete(group)) {
      groups.add(group);
    }
    onSearch({ ...search, groups });
  };
  return (
    <div className="jp-SaturnTaskTable-tools">
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={trans.__('Find tasks')}
        placeholder={trans.__('Find: vit lr<=0.01')}
        title={trans.__(
          'Words of names, values, strategies and errors, which must all be there; or what a column must be: lr<=0.01, accuracy>0.9'
        )}
        value={search.text}
        onChange={event => onSearch({ ...search, text: event.target.value })}
        onKeyDown={event => {
          if (event.key === 'Escape' && search.text !== '') {
            event.preventDefault();
            event.stopPropagation();
            onSearch({ ...search, text: '' });
          }
        }}
      />
      <fieldset aria-label={trans.__('States')} className="jp-SaturnTaskTable-chips">
        {STATUS_GROUPS.filter(group => counts[group] > 0 || search.groups.has(group)).map(group => (
          <button
            key={group}
            type="button"
            className="jp-SaturnChip"
            data-group={group}
            aria-pressed={search.groups.has(group)}
            onClick={() => toggle(group)}
          >
            {statusGroupWords(group, trans)} {count(counts[group])}
          </button>
        ))}
      </fieldset>
      <label>
        {trans.__('Group by')}{' '}
        <select
          className="jp-mod-styled"
          value={grouping ?? ''}
          onChange={event => onGroup(groupings.find(([value]) => value === event.target.value)?.[0])}
        >
          <option value="">{trans.__('nothing')}</option>
          {groupings.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <ColumnChooser columns={props.columns} isShown={props.isShown} onShow={props.onShow} />
      <button
        type="button"
        className="jp-mod-styled"
        title={trans.__('Download what is shown as CSV, for other programs')}
        disabled={found.length === 0}
        onClick={() =>
          void commands.execute(CommandIDs.exportTasks, {
            ...taskArgs(context, found),
            columns: props.columns.filter(props.isShown).map(({ id }) => id)
          })
        }
      >
        {trans.__('CSV')}
      </button>
      <span role="status" className="jp-SaturnPanel-quiet">
        {found.length === all
          ? taskCount(all, trans)
          : trans.__('%1 of %2', count(found.length), taskCount(all, trans))}
      </span>
    </div>
  );
}

export namespace TaskToolbar {
  export interface IProps {
    readonly search: ITaskSearch;
    /** How many tasks there are of each group. */
    readonly counts: Readonly<Record<StatusGroup, number>>;
    /** Names of the tasks that are found, in their order. */
    readonly found: readonly string[];
    /** How many tasks there are. */
    readonly all: number;
    readonly grouping: Grouping | undefined;
    /** By what they can be grouped, with words. */
    readonly groupings: readonly (readonly [Grouping, string])[];
    readonly columns: readonly ITaskColumn[];
    readonly isShown: (column: ITaskColumn) => boolean;
    readonly onSearch: (search: ITaskSearch) => void;
    readonly onGroup: (grouping: Grouping | undefined) => void;
    readonly onShow: (id: string, isShown: boolean) => void;
  }
}
