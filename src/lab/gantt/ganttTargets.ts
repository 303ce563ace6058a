import type { IGanttBar } from '../../core/view/gantt/gantt.js';

/** Something in a chart that is no bar: what it marks, or the name of a node. */
export interface IGanttPick {
  readonly kind: 'event' | 'node';
  /** Of the event, or of the node. */
  readonly id: string;
}

/** The bar that something is a part of. */
export function barOf(target: EventTarget | null): SVGElement | null {
  return target instanceof Element ? target.closest<SVGElement>('[data-id]') : null;
}

/** What else something is a part of. */
export function pickOf(target: EventTarget | null): IGanttPick | null {
  const picked = target instanceof Element ? target.closest<SVGElement>('[data-event], [data-node]') : null;
  const { event, node } = picked?.dataset ?? {};
  return event !== undefined
    ? { kind: 'event', id: event }
    : node !== undefined
      ? { kind: 'node', id: node }
      : null;
}

/** Whether a bar is of one of some tasks. */
export function isOf(bar: IGanttBar | null, tasks: ReadonlySet<string>): boolean {
  return bar !== null && (tasks.has(bar.task) || (bar.tasks ?? []).some(task => tasks.has(task)));
}
