import type { Inspect, TaskSpec, Warm } from '../../core/wire/messages.js';

/**
 * Tells nodes that inspect nothing what tasks are coming, so that the first one that trains there need not wait for what has
 * to be loaded for it. Nothing depends on that, so that no journal knows of it.
 */
export class ComingTasks {
  private _newest: TaskSpec | undefined;

  constructor(private readonly _tell: (node: string, body: Warm) => void) {}

  /** A node is asked to inspect tasks; all of one world load the same. */
  inspected({ tasks: [task] }: Inspect, others: readonly string[]): void {
    if (task && (!this._newest || task.world !== this._newest.world)) {
      this._newest = task;
      for (const node of others) {
        this._tell(node, { task });
      }
    }
  }

  /** A node beside the session's own is there. */
  joined(node: string): void {
    if (this._newest) {
      this._tell(node, { task: this._newest });
    }
  }
}
