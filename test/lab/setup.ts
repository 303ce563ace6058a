import { loadMessageChecks } from '../../src/lab/session/messageChecks.js';

/** What JupyterLab's packages expect of a browser and jsdom lacks. */

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): never[] {
    return [];
  }
}

const missing: Record<string, unknown> = {
  DragEvent: class DragEvent extends MouseEvent {},
  ResizeObserver: Observer,
  IntersectionObserver: Observer,
  matchMedia: (media: string) => ({
    media,
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined
  }),
  // At once, so that a widget is drawn when it has been attached.
  requestIdleCallback: (callback: () => void) => {
    callback();
    return 0;
  },
  cancelIdleCallback: () => undefined
};

for (const [name, value] of Object.entries(missing)) {
  for (const scope of new Set([globalThis, window])) {
    if (Reflect.get(scope, name) === undefined) {
      Object.defineProperty(scope, name, { value, configurable: true, writable: true });
    }
  }
}
document.queryCommandSupported ??= () => false;
document.elementFromPoint ??= () => null;
if (navigator.clipboard === undefined) {
  Object.defineProperty(navigator, 'clipboard', { value: {}, configurable: true });
}

// A test need not wait for the first message to be checked; one that is about that loads them anew.
await loadMessageChecks();
