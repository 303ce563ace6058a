import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/**
 * How wide an element is, in pixels: rendered again when that changes.
 *
 * @param initial - until it is laid out.
 */
export function useElementWidth(initial: number): [RefObject<HTMLDivElement>, number] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(initial);
  useLayoutEffect(() => {
    const host = element.current;
    if (host === null) {
      return;
    }
    const measure = () => host.clientWidth > 0 && setWidth(host.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(host);
    measure();
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
