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

/** Where what is remembered is kept. */
export type MemoryStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** What was remembered under a name; null when there is nothing that can be read. */
export function recall(name: string, storage: MemoryStorage = localStorage): unknown {
  try {
    return JSON.parse(storage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

/** Remember something under a name; where the storage is full, or not allowed, it lasts as long as the page. */
export function remember(name: string, value: unknown, storage: MemoryStorage = localStorage): void {
  try {
    storage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {}
}

/** The entries of something remembered that are true or false. */
export const switchesIn = (value: unknown): [string, boolean][] =>
  Object.entries(value ?? {}).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean');
