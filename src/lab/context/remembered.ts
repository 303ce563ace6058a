import { useState } from 'react';

const PREFIX = 'jupyterlab-saturn:';

/**
 * A choice of the reader that is there again after a reload, in this browser.
 *
 * @param name - unique within the extension.
 * @param initial - what is chosen until then, and when what is stored is no choice any more.
 * @param isChoice - whether what is stored is one.
 */
export function useRemembered<T extends string | number | boolean>(
  name: string,
  initial: T,
  isChoice: (value: unknown) => boolean
): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const stored = recall(name);
    return isChoice(stored) ? (stored as T) : initial;
  });
  return [
    value,
    next => {
      setValue(next);
      remember(name, next);
    }
  ];
}

// Storage may be full, or not allowed: then a choice lasts as long as the page.

function recall(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {}
}
