import {
  type ColumnDef,
  getCoreRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable
} from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { PLACE } from '../../core/view/taskTable/sweepColumns.js';
import { compareValues, type ITaskColumn } from '../../core/view/taskTable/taskColumn.js';
import type { ITaskRow } from '../../core/view/taskTable/taskRow.js';

/** A leaderboard, where there is one, until somebody sorts otherwise. */
const BY_PLACE: SortingState = [{ id: PLACE, desc: false }];
const AS_ADDED: SortingState = [];

/** Rows sorted by columns, those that have nothing there last, and the columns that are shown. */
export function useSortedRows(
  rows: readonly ITaskRow[],
  columns: readonly ITaskColumn[],
  isShown: (column: ITaskColumn) => boolean
) {
  const [chosen, setSorting] = useState<SortingState | null>(null);
  const hasPlaces = columns.some(({ id }) => id === PLACE);
  const sorting = chosen ?? (hasPlaces ? BY_PLACE : AS_ADDED);
  const definitions = useMemo(() => columns.map(definition), [columns]);
  const visible = useMemo(() => columns.filter(isShown), [columns, isShown]);
  const table = useReactTable({
    data: rows as ITaskRow[],
    columns: definitions,
    state: { sorting },
    getRowId: ({ task }) => task.spec.name,
    onSortingChange: next => setSorting(typeof next === 'function' ? next(sorting) : next),
    // Nothing of it depends on which rows there are.
    autoResetAll: false,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel()
  });
  const { rows: models } = table.getSortedRowModel();
  return {
    sorted: useMemo(() => models.map(({ original }) => original), [models]),
    columns: visible,
    sorting,
    /** By a column: its better end first, then the other, then no longer. */
    sort: (id: string, isMore: boolean) => table.getColumn(id)?.toggleSorting(undefined, isMore)
  };
}

function definition({ id, value, goal }: ITaskColumn): ColumnDef<ITaskRow> {
  return {
    id,
    accessorFn: value,
    sortUndefined: 'last',
    sortDescFirst: goal === 'max',
    sortingFn: (a, b) => compareValues(a.getValue(id), b.getValue(id))
  };
}
