import type { TaskState } from '../../core/wire/messages.js';

/** What a `%%saturn task` cell would make when run, read from its text alone. */
export interface ITaskCell {
  /** Id of the notebook cell; tasks made by it carry it as `origin`. */
  readonly id: string;
  /** The cell's text. */
  readonly source: string;
  /** Name of the factory function, or null while the cell has none. */
  readonly sweep: string | null;
  /** The grid: parameter names with their values as typed, in order. */
  readonly grid: readonly ITaskCell.IAxis[];
  /** How many tasks the grid makes. */
  readonly size: number;
}

export namespace ITaskCell {
  /** One parameter of the sweep. */
  export interface IAxis {
    readonly name: string;
    readonly values: readonly string[];
  }
}

const HEADER = /^%%saturn[ \t]+task\b(.*)$/;
/** Functions on the cell's top level; like the kernel, the last one is taken for the factory. */
const FUNCTIONS = /^(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(/gm;
const NAMED = /[ \t]--factory[ \t=]+([A-Za-z_]\w*)/;
const AXIS = /^([A-Za-z_]\w*)=(.*)$/s;
/** Quotes hold a word together, and a value. */
const WORD = /(?:"[^"]*"|'[^']*'|[^\s"'])+/g;
const VALUE = /(?:"[^"]*"|'[^']*'|[^,"'])+/g;
const QUOTES = /^["']|["']$/g;

/** Read one cell's text; null when it is not a task cell. */
export function parseTaskCell(id: string, source: string): ITaskCell | null {
  const [first = '', ...rest] = source.trimStart().split('\n');
  const header = HEADER.exec(first.trimEnd());
  if (!header) {
    return null;
  }
  const grid = parseSweep(header[1] ?? '');
  return {
    id,
    source,
    sweep: NAMED.exec(header[1] ?? '')?.[1] ?? [...rest.join('\n').matchAll(FUNCTIONS)].at(-1)?.[1] ?? null,
    grid,
    size: grid.reduce((size, axis) => size * axis.values.length, 1)
  };
}

/** Names of the tasks a cell makes: the factory and the values, in the order of the sweep. */
export function taskNames(cell: ITaskCell): string[] {
  return cell.grid
    .reduce(
      (names, axis) => names.flatMap(name => axis.values.map(value => `${name}-${value}`)),
      [cell.sweep?.replace(/^_+/, '') || 'task']
    )
    .map(name => name.replace(/[^A-Za-z0-9._+=-]/g, '_'));
}

/** Where a cell stands: never run, edited since it ran, or its tasks are those of the session. */
export type CellStatus = 'new' | 'changed' | 'current';

/** Compare a cell with the tasks of the session. */
export function cellStatus(cell: ITaskCell, tasks: readonly TaskState[]): CellStatus {
  const specs = new Map(tasks.map(({ spec }) => [spec.name, spec]));
  const found = taskNames(cell).map(name => specs.get(name));
  if (found.every(spec => spec === undefined)) {
    return 'new';
  }
  // One task of a sweep carries the source for all.
  const source = found.find(spec => spec?.source)?.source;
  const same = found.every(spec => spec) && (source === undefined || cell.source.includes(source.trim()));
  return same ? 'current' : 'changed';
}

/** The words after `--sweep`, up to the next option, as axes. */
function parseSweep(line: string): ITaskCell.IAxis[] {
  const axes: ITaskCell.IAxis[] = [];
  let inSweep = false;
  for (const word of line.match(WORD) ?? []) {
    if (word.startsWith('-')) {
      inSweep = word === '--sweep';
      continue;
    }
    const axis = inSweep ? AXIS.exec(word) : null;
    if (axis) {
      const values = axis[2]?.match(VALUE) ?? [];
      axes.push({ name: axis[1] as string, values: values.map(value => value.replace(QUOTES, '')) });
    }
  }
  return axes;
}
