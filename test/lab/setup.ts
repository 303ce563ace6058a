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
  // React asks for it before it lets `act` batch updates.
  IS_REACT_ACT_ENVIRONMENT: true
};

for (const [name, value] of Object.entries(missing)) {
  if (!(name in globalThis)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
document.queryCommandSupported ??= () => false;
document.elementFromPoint ??= () => null;
