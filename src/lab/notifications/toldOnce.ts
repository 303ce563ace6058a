/** Where it is kept what was told. */
const STORAGE_KEY = 'jupyterlab-saturn:told';

/** So many events are remembered. */
const MOST = 100;

/** How long pages that nobody sees leave the telling to one that is seen, in milliseconds. */
const HIDDEN_DELAY = 1500;

/** How long a page that has told something keeps others from looking: theirs is a copy of the storage, in milliseconds. */
const STORED_DELAY = 1000;

/** What was told to the user, of which the pages of one browser know from each other. */
export class ToldOnce {
  constructor(private readonly _options: ToldOnce.IOptions) {}

  /** Whether this page is to tell of an event: of several, one, and rather one that is seen. */
  async claim(key: string): Promise<boolean> {
    if (this._options.isHidden()) {
      await new Promise(resolve => setTimeout(resolve, HIDDEN_DELAY));
    }
    return this._options.exclusively(() => {
      const told = this._told();
      if (told.includes(key)) {
        return false;
      }
      this._remember([...told, key].slice(-MOST));
      return true;
    });
  }

  private _told(): string[] {
    try {
      const told: unknown = JSON.parse(this._options.storage.getItem(STORAGE_KEY) ?? '[]');
      return Array.isArray(told) ? told.filter(key => typeof key === 'string') : [];
    } catch {
      return []; // not ours, or no storage: better told twice than never
    }
  }

  private _remember(told: readonly string[]): void {
    try {
      this._options.storage.setItem(STORAGE_KEY, JSON.stringify(told));
    } catch {
      // Full or forbidden: other pages may tell it, too.
    }
  }
}

export namespace ToldOnce {
  export interface IOptions {
    /** Shared by the pages of one browser. */
    storage: Pick<Storage, 'getItem' | 'setItem'>;
    /** Whether nobody sees this page now. */
    isHidden: () => boolean;
    /** Does something while no other page does such. */
    exclusively: (act: () => boolean) => Promise<boolean>;
  }

  /** Does something while no other page does; where browsers have no locks (plain HTTP), without that. */
  export async function exclusively(act: () => boolean): Promise<boolean> {
    if (!navigator.locks) {
      return act();
    }
    return new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        const isOurs = act();
        resolve(isOurs);
        if (isOurs) {
          await new Promise(done => setTimeout(done, STORED_DELAY));
        }
      };
      navigator.locks.request(STORAGE_KEY, hold).catch(reject);
    });
  }
}
