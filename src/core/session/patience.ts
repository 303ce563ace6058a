import type { SessionState, Strategy, TaskState } from '../wire/messages.js';
import { measuredCell } from './profileTable.js';

/** A small model is saved about this often, in seconds. */
export const CHECKPOINT_SECONDS = 30;

/** Of the time that a task trains, saving takes no more than one part in so many. */
const SAVING_SHARE = 20;

/** A running task asked to stop has this long, or longer, to reach a step boundary and save, in seconds. */
export const STOP_GRACE_SECONDS = 60;

/** A trial of a small model that takes longer than this has failed, in seconds. */
export const TRIAL_DEADLINE_SECONDS = 600;

/** Ranks of a small model wait this long for one that does something alone, in seconds. */
export const PATIENCE_SECONDS = 180;

/** Ranks wait for so many steps of another, and so many savings: it reads back, checks and writes. */
export const PATIENCE_STEPS = 20;
const PATIENCE_SAVES = 4;

/** Weights and the moments of Adam in single precision, and a copy of the weights. */
const STATE_BYTES_PER_PARAMETER = 16;

/** What a slow disk writes, or reads back and checks, in bytes a second. */
const DISK_BYTES_PER_SECOND = 100e6;

/** How long what takes time with the size of a task may take; it follows what was measured of it. */
export interface IPatience {
  /** Commit a checkpoint about this often, in seconds. */
  readonly checkpointSeconds: number;
  /** For a step boundary and a checkpoint, when asked to stop. */
  readonly stopSeconds: number;
  /** For another rank that does something alone. */
  readonly rankSeconds: number;
  /** For a trial. */
  readonly trialSeconds: number;
}

/** What a task needs under a strategy on devices of a model: by what was measured, else by its size. */
export function patience(
  { cells }: SessionState,
  task: TaskState,
  { strategy, model }: { readonly strategy: Strategy; readonly model?: string }
): IPatience {
  const moved = ((task.inspection?.parameters ?? 0) * STATE_BYTES_PER_PARAMETER) / DISK_BYTES_PER_SECOND;
  const cell = measuredCell(cells, task, strategy, model);
  const saved = cell?.saveSeconds ?? moved;
  return {
    checkpointSeconds: Math.max(CHECKPOINT_SECONDS, SAVING_SHARE * saved),
    stopSeconds: Math.max(STOP_GRACE_SECONDS, 2 * saved + (cell?.stepSeconds ?? 0)),
    rankSeconds: Math.max(
      PATIENCE_SECONDS,
      PATIENCE_STEPS * (cell?.stepSeconds ?? 0),
      PATIENCE_SAVES * (cell?.saveSeconds ?? 0),
      moved
    ),
    trialSeconds: TRIAL_DEADLINE_SECONDS + moved
  };
}
