import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import type { ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import { useDashboardContext, useSelectedTasks } from '../context/dashboardContext.js';
import { type GridItem, taskKey, tasksOf } from './gridItem.js';
import { type IGridPosition, moved } from './gridPosition.js';
import { TaskGridHeader } from './taskGridHeader.js';
import { TaskGridRow } from './taskGridRow.js';
import { openTaskMenu } from './taskMenu.js';

/** Height of a line, in pixels; of the header as well. */
const ROW_HEIGHT = 26;

/** So many lines are drawn beyond each end of what is in sight. */
const OVERSCAN = 6;

/** Pixels that a cell is wider than its text, and what is before that in the first. */
const CELL_PADDING = 16;
const CHECK = 20;

/** Mean width of a character, in ems. */
const CHARACTER = 0.58;

/** So many characters more has a column that tells a mean and a spread. */
const SPREAD = 9;

/** Where the focus is, by what it is on: lines move. */
interface IFocus {
  /** Of a line; the header's when null. */
  readonly key: string | null;
  readonly column: number;
}

/**
 * Lines of which only those in sight are drawn. One stop in the tab order, within which keys move; which tasks are selected is
 * one for all parts of the dashboard.
 */
export function TaskGrid(props: TaskGrid.IProps) {
  const { items, columns, sorting, isGrouped, onSort, onFold } = props;
  const context = useDashboardContext();
  const { selection, trans } = context;
  const selected = useSelectedTasks();
  const isSelected = useMemo(() => new Set(selected), [selected]);
  const current = selected.at(-1);
  const places = useMemo(() => new Map(items.map((item, i) => [item.key, i])), [items]);
  const [focus, setFocus] = useState<IFocus>({ key: '', column: 0 });
  const anchor = useRef<string | null>(null);
  const isMoving = useRef(false);
  const grid = useRef<HTMLDivElement>(null);
  const at: IGridPosition = {
    row: focus.key === null ? -1 : (places.get(focus.key) ?? Math.min(0, items.length - 1)),
    column: Math.min(focus.column, columns.length - 1)
  };
  const lines = useVirtualizer({
    count: items.length,
    getScrollElement: () => grid.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: i => items[i]?.key ?? i,
    overscan: OVERSCAN,
    useFlushSync: false,
    // The header lies over the first line in sight.
    scrollPaddingEnd: ROW_HEIGHT,
    // The line that has the focus stays, wherever it is scrolled to.
    rangeExtractor: range => {
      const inSight = defaultRangeExtractor(range);
      return at.row < 0 || at.row >= range.count || inSight.includes(at.row)
        ? inSight
        : [...inSight, at.row].sort((a, b) => a - b);
    }
  });

  const go = ({ row, column }: IGridPosition, moves = true) => {
    setFocus({ key: row < 0 ? null : (items[row]?.key ?? ''), column });
    isMoving.current = moves;
    if (row >= 0) {
      lines.scrollToIndex(row);
    }
  };
  // Once the line is drawn.
  useEffect(() => {
    if (isMoving.current) {
      isMoving.current = false;
      grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: at.row >= 0 });
    }
  });
  // Another part has another task looked at: it comes into sight here as well, but not whenever lines move.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const row = current === undefined ? undefined : places.get(taskKey(current));
    if (row !== undefined && !grid.current?.contains(document.activeElement)) {
      setFocus(before => ({ ...before, key: taskKey(current as string) }));
      lines.scrollToIndex(row);
    }
  }, [current]);

  const tasksAt = (row: number) => tasksOf(items.slice(row, row + 1));
  const selectTo = (row: number) => {
    const from = places.get(anchor.current ?? '') ?? row;
    const between = items.slice(Math.min(from, row), Math.max(from, row) + 1);
    // What is looked at is selected last.
    selection.select(tasksOf(from <= row ? between : [...between].reverse()));
  };
  const selectOnly = (row: number) => {
    anchor.current = items[row]?.key ?? null;
    selection.select(tasksAt(row));
  };
  const toggle = (row: number) => {
    anchor.current = items[row]?.key ?? null;
    const tasks = tasksAt(row);
    selection.select(
      tasks.every(task => isSelected.has(task))
        ? selected.filter(task => !tasks.includes(task))
        : [...selected.filter(task => !tasks.includes(task)), ...tasks]
    );
  };
  const openMenu = (row: number, x: number, y: number) => {
    const tasks = tasksAt(row);
    const isWithin = tasks.every(task => isSelected.has(task));
    if (!isWithin) {
      selectOnly(row);
    }
    openTaskMenu(context, isWithin ? selected : tasks, x, y);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const isFar = event.ctrlKey || event.metaKey;
    const item = items[at.row];
    const page = Math.max(1, Math.floor((grid.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const folds =
      item?.kind === 'group' &&
      at.column === 0 &&
      ((event.key === 'ArrowLeft' && item.isOpen) || (event.key === 'ArrowRight' && !item.isOpen));
    const next = folds
      ? undefined
      : moved(at, event.key, isFar, { rows: items.length, columns: columns.length, page });
    if (folds || (event.key === 'Enter' && item?.kind === 'group')) {
      onFold(item.group.key);
    } else if (next) {
      go(next);
      if (next.row >= 0 && next.row !== at.row && event.shiftKey) {
        anchor.current ??= item?.key ?? null;
        selectTo(next.row);
      } else if (next.row >= 0 && next.row !== at.row && !isFar) {
        selectOnly(next.row);
      }
    } else if (at.row < 0 && (event.key === 'Enter' || event.key === ' ')) {
      onSort((columns[at.column] as ITaskColumn).id, event.shiftKey);
    } else if (event.key === 'Enter' && item) {
      selectOnly(at.row);
    } else if (event.key === ' ' && item) {
      toggle(at.row);
    } else if (event.key.toLowerCase() === 'a' && isFar) {
      const all = tasksOf(items).filter(task => task !== current);
      selection.select(current === undefined || !places.has(taskKey(current)) ? all : [...all, current]);
    } else if (event.key === 'Escape' && selected.length > 0) {
      selection.select([]);
    } else if ((event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) && item) {
      const { left, bottom } =
        event.target instanceof Element ? event.target.getBoundingClientRect() : ORIGIN;
      openMenu(at.row, left, bottom);
    } else {
      return;
    }
    // Nor by JupyterLab, or the page.
    event.preventDefault();
    event.stopPropagation();
  };

  const placeOf = (event: MouseEvent<HTMLElement>): IGridPosition | undefined => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-column]') : null;
    const row = places.get(cell?.closest<HTMLElement>('[data-key]')?.dataset.key ?? '');
    return row === undefined ? undefined : { row, column: Number(cell?.dataset.column) };
  };
  const onClick = (event: MouseEvent<HTMLElement>) => {
    const place = placeOf(event);
    const item = place && items[place.row];
    if (!place || !item) {
      return;
    }
    go(place);
    const isCheck = event.target instanceof Element && event.target.classList.contains('jp-SaturnGrid-check');
    if (item.kind === 'group') {
      onFold(item.group.key);
    } else if (event.shiftKey) {
      selectTo(place.row);
    } else if (event.ctrlKey || event.metaKey || isCheck) {
      toggle(place.row);
    } else {
      selectOnly(place.row);
    }
  };
  const onContextMenu = (event: MouseEvent<HTMLElement>) => {
    const place = placeOf(event);
    // With Shift it is the browser's own, as all over JupyterLab.
    if (place && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      go(place);
      openMenu(place.row, event.clientX, event.clientY);
    }
  };

  const widths = columns.map(({ width, mean }, i) => {
    // Not in `ch`, which are wider in bold.
    const ems = CHARACTER * (width + (isGrouped && mean ? SPREAD : 0));
    return `calc(${ems.toFixed(2)}em + ${CELL_PADDING + (i === 0 ? CHECK : 0)}px)`;
  });
  const style = { '--jp-saturn-columns': widths.join(' '), '--jp-saturn-row': `${ROW_HEIGHT}px` };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it is a grid, whose cells have the focus
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: as above
    <div
      ref={grid}
      className="jp-SaturnGrid"
      role={isGrouped ? 'treegrid' : 'grid'}
      aria-label={trans.__('Tasks')}
      aria-rowcount={items.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      style={style as CSSProperties}
      onKeyDown={onKeyDown}
      // With Shift lines are selected, and not their text.
      onMouseDown={event => event.shiftKey && event.preventDefault()}
      onClick={onClick}
      onContextMenu={onContextMenu}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: what is out of sight is not drawn, which a table cannot do */}
      <div role="rowgroup" className="jp-SaturnGrid-head">
        <TaskGridHeader
          columns={columns}
          sorting={sorting}
          focus={at.row < 0 ? at.column : -1}
          trans={trans}
          onSort={(id, isMore) => {
            onSort(id, isMore);
            go({ row: -1, column: columns.findIndex(column => column.id === id) }, false);
          }}
        />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" className="jp-SaturnGrid-body" style={{ height: lines.getTotalSize() }}>
        {lines.getVirtualItems().map(({ index, start, key }) => {
          const item = items[index];
          return (
            item && (
              <TaskGridRow
                key={key}
                item={item}
                columns={columns}
                index={index}
                top={start}
                level={isGrouped ? (item.kind === 'group' ? 1 : 2) : undefined}
                isSelected={tasksOf([item]).every(task => isSelected.has(task))}
                isCurrent={item.kind === 'task' && item.row.task.spec.name === current}
                focus={index === at.row ? at.column : -1}
                trans={trans}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

const ORIGIN = { left: 0, bottom: 0 };

export namespace TaskGrid {
  export interface IProps {
    readonly items: readonly GridItem[];
    /** Those that are shown, in order; there is one at least. */
    readonly columns: readonly ITaskColumn[];
    readonly sorting: TaskGridHeader.Sorting;
    readonly isGrouped: boolean;
    /** @param isMore - besides what is sorted by already. */
    readonly onSort: (id: string, isMore: boolean) => void;
    /** Fold a group, or unfold it. */
    readonly onFold: (key: string) => void;
  }
}
