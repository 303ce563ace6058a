import { wayKey } from '../model/strategy.js';
import type { ProfileCell, Strategy } from '../wire/messages.js';
import { cellsOf } from './signatureGroups.js';

/** A task or a strategy that failed this often, and never worked, is not tried on yet others of its kind. */
export const MAX_FAILURES = 2;

/** What trials know a task by. */
export interface ITried {
  readonly hash: string;
  readonly signature: string;
}

/**
 * What failed trials tell, and of whom. A failure is that of the task which was tried, and tells nothing of the others
 * of its signature; only when the task works otherwise, it must be the strategy that fails, on devices of that model.
 */
export class FailedTrials {
  private readonly _known = new Map<string, IFindings>();

  /** @param measured - what trials and training found. */
  constructor(private readonly _measured: readonly ProfileCell[]) {}

  /** Why a task cannot use a strategy: its own trial of it failed, or the strategy fails for all its like. */
  failure({ signature, hash }: ITried, strategy: Strategy, model?: string): ProfileCell | undefined {
    const failures = this._at(signature, strategy, model);
    const works = this._of(signature).works.has(wayKey(strategy, model));
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
    const { failures, works } = this._of(signature);
    return [...failures]
      .filter(([way]) => works.has(way))
      .flatMap(([, cells]) => cells)
      .find(cell => cell.hash === hash);
  }

  /** Whether a strategy is out of the question for a task, and a trial not worth its time. */
  isClosed(task: ITried, strategy: Strategy, model?: string): boolean {
    const { signature } = task;
    const { proven, works } = this._of(signature);
    const hopeless =
      !works.has(wayKey(strategy, model)) &&
      !this._isProven(task) &&
      this._at(signature, strategy, model).length >= MAX_FAILURES &&
      (proven.size > 0 || this._countOf(task) >= MAX_FAILURES);
    return hopeless || this.failure(task, strategy, model) !== undefined;
  }

  /** Which of some tasks of one signature is to try a strategy: one that works, else the one that failed least. */
  next<T extends ITried>(tasks: readonly T[], strategy: Strategy, model?: string): T | undefined {
    const rank = (task: T): number => (this._isProven(task) ? -1 : this._countOf(task));
    const least = tasks[0] && this._of(tasks[0].signature).proven.size > 0 ? -1 : 0;
    let best: T | undefined;
    for (const task of tasks) {
      const isBetter = best === undefined || rank(task) < rank(best);
      if (isBetter && !this.isClosed(task, strategy, model) && this.fault(task) === undefined) {
        best = task;
      }
      if (best && rank(best) <= least) {
        break;
      }
    }
    return best;
  }

  /** How many tasks failed under a strategy of a signature. */
  count(signature: string, strategy: Strategy, model?: string): number {
    return this._at(signature, strategy, model).length;
  }

  /** Whether anything of a signature failed. */
  hasFailed(signature: string): boolean {
    return this._of(signature).failures.size > 0;
  }

  private _of(signature: string): IFindings {
    let known = this._known.get(signature);
    if (known === undefined) {
      known = findings(cellsOf(this._measured, signature));
      this._known.set(signature, known);
    }
    return known;
  }

  private _at(signature: string, strategy: Strategy, model: string | undefined): readonly ProfileCell[] {
    return this._of(signature).failures.get(wayKey(strategy, model)) ?? [];
  }

  private _countOf({ signature, hash }: ITried): number {
    return this._of(signature).counts.get(hash) ?? 0;
  }

  private _isOfStrategy({ signature, hash }: ProfileCell): boolean {
    return hash === undefined || this._isProven({ signature, hash });
  }

  private _isProven({ signature, hash }: ITried): boolean {
    return this._of(signature).proven.has(hash);
  }
}

/** What trials of one signature found. */
interface IFindings {
  /** By strategy and model. */
  readonly failures: ReadonlyMap<string, readonly ProfileCell[]>;
  /** How often tasks failed, by their hashes. */
  readonly counts: ReadonlyMap<string, number>;
  /** Strategies that work, by model. */
  readonly works: ReadonlySet<string>;
  /** Hashes of the tasks that worked. */
  readonly proven: ReadonlySet<string | undefined>;
}

function findings(cells: readonly ProfileCell[]): IFindings {
  const failures = new Map<string, ProfileCell[]>();
  const counts = new Map<string, number>();
  const works = new Set<string>();
  const proven = new Set<string | undefined>();
  for (const cell of cells) {
    const { strategy, model, status, hash } = cell;
    const key = wayKey(strategy, model);
    if (status === 'failed') {
      const place = failures.get(key) ?? [];
      place.push(cell);
      failures.set(key, place);
      counts.set(hash ?? '', (counts.get(hash ?? '') ?? 0) + 1);
    } else if (status === 'ok') {
      works.add(key);
      proven.add(hash);
    }
  }
  return { failures, counts, works, proven };
}
