import { useEffect, useReducer, useRef, useState } from 'react';

/** Views of a session are drawn anew twice a second at most: so often in milliseconds. */
export const PACE = 500;

/** A value that changes often, as it is to be drawn: the newest, but no more often than each `pace` milliseconds. */
export function usePaced<T>(value: T, pace = PACE): T {
  const [shown, show] = useState(value);
  const [turn, look] = useReducer((count: number) => count + 1, 0);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn begins when a rest is over
  useEffect(() => {
    if (rest.current === undefined && !Object.is(value, shown)) {
      show(value);
      rest.current = setTimeout(() => {
        rest.current = undefined;
        look();
      }, pace);
    }
  }, [value, shown, pace, turn]);
  useEffect(
    () => () => {
      clearTimeout(rest.current);
      rest.current = undefined;
    },
    []
  );
  return shown;
}
