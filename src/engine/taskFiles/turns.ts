/** Lets so many things be done at the same time, the others after them in the order in which they came. */
export class Turns {
  private readonly _waiting: (() => void)[] = [];
  private _busy = 0;

  constructor(private readonly _most: number) {}

  /** Do something when it is its turn. */
  async take<T>(act: () => Promise<T>): Promise<T> {
    if (this._busy >= this._most) {
      await new Promise<void>(resolve => this._waiting.push(resolve));
    } else {
      this._busy += 1;
    }
    try {
      return await act();
    } finally {
      const next = this._waiting.shift();
      if (next) {
        next();
      } else {
        this._busy -= 1;
      }
    }
  }
}
