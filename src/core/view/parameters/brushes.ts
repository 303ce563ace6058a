import type { IDimension } from './dimensions.js';
import type { IScale } from './scale.js';

/** A dimension with the scale by which it is drawn. */
export interface IAxis {
  readonly dimension: IDimension;
  readonly scale: IScale;
}

/** A stretch of an axis that is looked at, from 0 to 1. */
export type Brush = readonly [from: number, to: number];

/** Stretches by the id of their dimension. */
export type Brushes = ReadonlyMap<string, Brush>;

/** Rounding must not keep out what is at the end of a stretch. */
const EDGE = 1e-9;

/** Where a task is on an axis, from 0 to 1; undefined where it has no value. */
export function placeOn({ dimension, scale }: IAxis, task: string): number | undefined {
  return scale.place(dimension.values.get(task));
}

/** The tasks that are within all stretches, in the order in which they are given. */
export function tasksWithin(tasks: readonly string[], axes: readonly IAxis[], brushes: Brushes): string[] {
  const brushed = axes.flatMap(axis => {
    const brush = brushes.get(axis.dimension.id);
    return brush ? [{ axis, brush }] : [];
  });
  return tasks.filter(task =>
    brushed.every(({ axis, brush: [from, to] }) => {
      const place = placeOn(axis, task);
      return place !== undefined && place >= from - EDGE && place <= to + EDGE;
    })
  );
}

/** Stretches with another one of a dimension; without any when it is null. */
export function withBrush(brushes: Brushes, id: string, brush: Brush | null): Brushes {
  const next = new Map(brushes);
  if (brush === null) {
    next.delete(id);
  } else {
    next.set(id, [Math.min(...brush), Math.max(...brush)]);
  }
  return next;
}

/** The values of an axis, each once, in its order. */
export function valuesOn({ dimension, scale }: IAxis): (number | string)[] {
  return [...new Set(dimension.values.values())].sort(
    (a, b) => (scale.place(a) ?? Infinity) - (scale.place(b) ?? Infinity)
  );
}
