import type { IPlacedBar } from './ganttModel.js';

/** Whether two bars are drawn the same, of the same thing. */
export function isSamePlaced(a: IPlacedBar, b: IPlacedBar): boolean {
  return (
    a.lead === b.lead &&
    isSame(a.bar, b.bar) &&
    a.rects.length === b.rects.length &&
    a.rects.every((rect, i) => isSame(rect, b.rects[i])) &&
    a.texts.length === b.texts.length &&
    a.texts.every((text, i) => isSame(text, b.texts[i]))
  );
}

/** Whether two objects have the same members; lists are compared entry by entry. */
function isSame<T extends object>(a: T, b: T | undefined): boolean {
  if (a === b) {
    return true;
  }
  const keys = Object.keys(a) as (keyof T)[];
  return (
    b !== undefined &&
    keys.length === Object.keys(b).length &&
    keys.every(key => {
      const [one, other] = [a[key], b[key]];
      return (
        one === other ||
        (Array.isArray(one) &&
          Array.isArray(other) &&
          one.length === other.length &&
          one.every((entry, i) => entry === other[i]))
      );
    })
  );
}
