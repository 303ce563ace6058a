import { join } from 'node:path';

/**
 * Where a task keeps what: the engine's side of what `paths.py` says. A task's name is a folder's name by its pattern
 * (`TaskName`), which everything that comes in is held to.
 */
export class TaskFolder {
  readonly path: string;

  /** @param _session - folder of the session. */
  constructor(
    private readonly _session: string,
    private readonly _task: string
  ) {
    this.path = join(_session, 'tasks', _task);
  }

  /** What its steps, evaluations and attempts were, a JSON object a line. */
  get log(): string {
    return join(this.path, 'log.jsonl');
  }

  /** Those from which its training can go on; `final` and `best` are within. */
  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /** What a task that trains by itself writes. */
  get native(): string {
    return join(this.path, 'native');
  }

  /** Which attempts at it have begun, a file each. */
  get claims(): string {
    return join(this.path, 'claims');
  }

  /** What it printed when it was built. */
  get inspectionLog(): string {
    return join(this._session, 'inspections', `${this._task}.log`);
  }

  attempt(number: number): string {
    return join(this.path, `attempt-${number}`);
  }

  /**
   * What a rank of an attempt has printed.
   *
   * @param first - of an attempt over several nodes: the first rank on its node.
   */
  rankLog(attempt: number, rank: number, first = 0): string {
    const folder = first === 0 ? this.attempt(attempt) : this.part(attempt, first);
    return join(folder, `rank${rank - first}.log`);
  }

  /** What a node but the first has of an attempt over several. */
  part(attempt: number, first: number): string {
    return join(this.attempt(attempt), `from-rank-${first}`);
  }
}
