import type { ISessionLine } from './sessionLine.js';

/** Lines to sessions, one to each however many use it; it ends with the last of them. */
export class SharedLines<L extends ISessionLine> {
  /** @param _make - makes the line to the session of an id. */
  constructor(private readonly _make: (id: string) => L) {}

  /** The line to a session, to be given back by {@link release}. */
  take(id: string): L {
    const entry = this._entries.get(id) ?? { line: this._make(id), users: 0 };
    this._entries.set(id, { ...entry, users: entry.users + 1 });
    return entry.line;
  }

  /** Give a line back. */
  release(id: string): void {
    const entry = this._entries.get(id);
    if (entry && entry.users > 1) {
      this._entries.set(id, { ...entry, users: entry.users - 1 });
    } else {
      this._entries.delete(id);
      entry?.line.dispose();
    }
  }

  private readonly _entries = new Map<string, { readonly line: L; readonly users: number }>();
}
