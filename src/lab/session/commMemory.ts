/**
 * Remembers, per kernel, the comm this browser tab talked on.
 *
 * After a page reload a busy kernel answers no question, so the comm cannot be looked up; but what it
 * pushes can be heard at once if its id is known.
 */
export class CommMemory {
  constructor(private readonly _storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {}

  /** Id of the comm last used with this kernel, or null. */
  recall(kernelId: string): string | null {
    return this._storage.getItem(Private.key(kernelId));
  }

  remember(kernelId: string, commId: string): void {
    this._storage.setItem(Private.key(kernelId), commId);
  }

  forget(kernelId: string): void {
    this._storage.removeItem(Private.key(kernelId));
  }
}

namespace Private {
  export const key = (kernelId: string) => `jupyterlab-saturn:comm:${kernelId}`;
}
