/** Lets so many things be done at the same time, the others after them in the order in which they came. */
export class Turns {
  private _waiting: IWaiting[] = [];
  private _busy = 0;

  constructor(private readonly _most: number) {}

  /**
   * Do something when it is its turn.
   *
   * @param about - what it is about, by which it can be preferred.
   */
  async take<T>(act: () => Promise<T>, about?: object): Promise<T> {
    if (this._busy >= this._most) {
      await new Promise<void>(resolve => this._waiting.push({ about, resolve }));
    } else {
      this._busy += 1;
    }
    try {
      return await act();
    } finally {
      const next = this._waiting.shift();
      if (next) {
        next.resolve();
      } else {
        this._busy -= 1;
      }
    }
  }

  /** Let what is about some things, and waits, be done before all else. */
  prefer(about: ReadonlySet<object>): void {
    const isPreferred = (each: IWaiting): boolean => each.about !== undefined && about.has(each.about);
    this._waiting = [
      ...this._waiting.filter(isPreferred),
      ...this._waiting.filter(each => !isPreferred(each))
    ];
  }
}

interface IWaiting {
  readonly about: object | undefined;
  readonly resolve: () => void;
}
