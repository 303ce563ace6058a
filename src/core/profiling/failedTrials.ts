import { cellKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';

/** A task or a strategy that failed this often, and never worked, is not tried on yet others of its kind. */
export const MAX_FAILURES = 2;

/** What trials know a task by. */
export interface ITried {
  readonly hash: string;
  readonly signature: string;
}

/**
 * What failed trials tell, and of whom. A failure is that of the task which was tried, and tells nothing of the others
 * of its signature; only when the task works otherwise, it must be the strategy that fails.
 */
export class FailedTrials {
  private readonly _failures = new Map<string, ProfileCell[]>();
  private readonly _counts = new Map<string, number>();
  private readonly _works = new Set<string>();
  /** Hashes of the tasks that worked, by signature. */
  private readonly _proven = new Map<string, Set<string | undefined>>();

  /** @param measured - what trials and training found. */
  constructor(measured: readonly ProfileCell[]) {
    for (const cell of measured) {
      const { signature, strategy, status, hash } = cell;
      const place = cellKey(signature, strategy);
      if (status === 'failed') {
        this._failures.set(place, [...(this._failures.get(place) ?? []), cell]);
        const who = taskKey({ signature, hash: hash ?? '' });
        this._counts.set(who, (this._counts.get(who) ?? 0) + 1);
      } else if (status === 'ok') {
        this._works.add(place);
        this._proven.set(signature, new Set([...(this._proven.get(signature) ?? []), hash]));
      }
    }
  }

  /** Why a task cannot use a strategy: its own trial of it failed, or the strategy fails for all its like. */
  failure({ signature, hash }: ITried, strategy: Strategy): ProfileCell | undefined {
    const failures = this._at(signature, strategy);
    const works = this._works.has(cellKey(signature, strategy));
    return (
      failures.find(cell => cell.hash === hash) ??
      (works ? undefined : failures.find(cell => this._isOfStrategy(cell)))
    );
  }

  /** The failure that is a task's own doing: what works for its like failed for it, and nothing worked. */
  fault({ signature, hash }: ITried): ProfileCell | undefined {
    if (this._isProven({ signature, hash })) {
      return undefined;
    }
    return [...this._failures.entries()]
      .filter(([place]) => this._works.has(place))
      .flatMap(([, cells]) => cells)
      .find(cell => cell.signature === signature && cell.hash === hash);
  }

  /** Whether a strategy is out of the question for a task, and a trial not worth its time. */
  isClosed(task: ITried, strategy: Strategy): boolean {
    const { signature } = task;
    const hopeless =
      !this._works.has(cellKey(signature, strategy)) &&
      !this._isProven(task) &&
      this._at(signature, strategy).length >= MAX_FAILURES &&
      (this._proven.has(signature) || this._countOf(task) >= MAX_FAILURES);
    return hopeless || this.failure(task, strategy) !== undefined;
  }

  /** Which of some tasks of one signature is to try a strategy: one that works, else the one that failed least. */
  next<T extends ITried>(tasks: readonly T[], strategy: Strategy): T | undefined {
    const rank = (task: T): number => (this._isProven(task) ? -1 : this._countOf(task));
    const [first] = tasks
      .filter(task => !this.isClosed(task, strategy) && this.fault(task) === undefined)
      .sort((a, b) => rank(a) - rank(b));
    return first;
  }

  /** How many tasks failed under a strategy of a signature. */
  count(signature: string, strategy: Strategy): number {
    return this._at(signature, strategy).length;
  }

  private _at(signature: string, strategy: Strategy): readonly ProfileCell[] {
    return this._failures.get(cellKey(signature, strategy)) ?? [];
  }

  private _countOf(task: ITried): number {
    return this._counts.get(taskKey(task)) ?? 0;
  }

  private _isOfStrategy({ signature, hash }: ProfileCell): boolean {
    return hash === undefined || this._isProven({ signature, hash });
  }

  private _isProven({ signature, hash }: ITried): boolean {
    return this._proven.get(signature)?.has(hash) ?? false;
  }
}

function taskKey({ signature, hash }: ITried): string {
  return `${signature} ${hash}`;
}
