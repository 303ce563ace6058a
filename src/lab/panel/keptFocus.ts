import { type FocusEvent, type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * Keeps the keyboard's focus in a list whose items go once something was done about them: the item that takes the place of
 * the one with the focus gets it.
 */
export function useKeptFocus<E extends HTMLElement>(): {
  readonly ref: RefObject<E>;
  readonly onFocus: (event: FocusEvent) => void;
  readonly onBlur: () => void;
} {
  const ref = useRef<E>(null);
  const held = useRef<{ readonly element: Element; readonly at: number } | null>(null);
  useLayoutEffect(() => {
    const list = ref.current;
    if (!list || !held.current || list.contains(held.current.element)) {
      return;
    }
    const { at } = held.current;
    held.current = null;
    // Whoever has gone on elsewhere meanwhile is not called back.
    if (document.activeElement === document.body) {
      const item = list.children[Math.min(at, list.children.length - 1)];
      item?.querySelector<HTMLElement>('button:not(:disabled)')?.focus();
    }
  });
  return {
    ref,
    onFocus: ({ target }) => {
      const items = [...(ref.current?.children ?? [])];
      held.current = { element: target, at: items.findIndex(item => item.contains(target)) };
    },
    onBlur: () => {
      held.current = null;
    }
  };
}
