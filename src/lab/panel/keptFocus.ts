import { type FocusEvent, type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * Keeps the keyboard's focus in a list whose items go once something was done about them: the item that takes the place of
 * the one with the focus gets it. A button that cannot be pressed while what it did is answered has it again afterwards.
 */
export function useKeptFocus<E extends HTMLElement>(): {
  readonly ref: RefObject<E>;
  readonly onFocus: (event: FocusEvent) => void;
  readonly onBlur: (event: FocusEvent) => void;
} {
  const ref = useRef<E>(null);
  const held = useRef<{ readonly element: Element; readonly at: number } | null>(null);
  useLayoutEffect(() => {
    const list = ref.current;
    if (!list || !held.current) {
      return;
    }
    const { element, at } = held.current;
    const focused = document.activeElement;
    const isLost = focused === document.body;
    const isThere = list.contains(element);
    // Whoever has gone on elsewhere meanwhile is not called back.
    if (!isThere || !(isLost || focused === element)) {
      held.current = null;
    }
    if (isLost && isThere && !element.matches(':disabled')) {
      (element as HTMLElement).focus();
    } else if (isLost && !isThere) {
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
    onBlur: ({ target }) => {
      // A browser takes the focus from what cannot be pressed any more.
      if (!target.matches(':disabled')) {
        held.current = null;
      }
    }
  };
}
