import type { IGanttInput, IGanttLayout, TimeWindow } from '../../core/view/gantt/gantt.js';
import { editByKey, type GanttEdit, neighbour } from './ganttKeys.js';
import { barOf } from './ganttTargets.js';

/** What a key asks a chart for. */
export type GanttKeyAction =
  | { readonly kind: 'window'; readonly window: TimeWindow }
  | { readonly kind: 'edit'; readonly edit: GanttEdit }
  /** Its task besides those that are chosen, or no longer. */
  | { readonly kind: 'toggle'; readonly id: string }
  | { readonly kind: 'select'; readonly id: string | null };

/** The chart on which a key was pressed. */
export interface IKeyContext {
  readonly input: IGanttInput | null;
  readonly layout: IGanttLayout | null;
  /** Id of the selected bar. */
  readonly selected: string | null;
  /** The window that a key leads to, if it leads to any; `isFree` when arrows have nothing else to do. */
  readonly windowByKey: (key: string, isFree: boolean) => TimeWindow | undefined;
}

/** What a key asks for; null when that is nothing. */
export function keyAction(event: KeyboardEvent, context: IKeyContext): GanttKeyAction | null {
  const { input, layout, selected, windowByKey } = context;
  const { key, altKey, shiftKey } = event;
  const from = barOf(event.target)?.dataset.id;
  const isCommand = event.ctrlKey || event.metaKey;
  if (!input || altKey || (isCommand && key !== ' ')) {
    return null;
  }
  const moves = shiftKey && key.startsWith('Arrow');
  const window = moves || isCommand ? undefined : windowByKey(key, selected === null);
  if (window !== undefined) {
    return { kind: 'window', window };
  }
  if (from === undefined) {
    return null;
  }
  if (isCommand) {
    return { kind: 'toggle', id: from };
  }
  const edit = layout && editByKey(layout, from, event);
  if (edit) {
    return { kind: 'edit', edit };
  }
  if (key === 'Escape') {
    return { kind: 'select', id: null };
  }
  const to = key === 'Enter' || key === ' ' ? from : neighbour(input, from, key);
  return to === null ? null : { kind: 'select', id: to };
}
