import type { SaturnError } from '../core/wire/failure.js';
import type { IExecutor } from './executor/executor.js';
import type { SessionPlanner } from './planner/sessionPlanner.js';
import type { MessageRouter } from './router.js';

/** What an engine is begun with. */
export interface IEngineOptions {
  /** Name of the session. */
  readonly session: string;
  /** Its folder. */
  readonly folder: string;
  /** Path of its journal. */
  readonly journal: string;
  /** ZeroMQ endpoint to bind, `ipc://...`. */
  readonly endpoint: string;
  /** Not yet bound; the engine closes it. */
  readonly router: MessageRouter;
  /** Makes what owns devices and processes. */
  readonly executor: (context: IExecutor.IContext) => IExecutor;
  /** With nothing to do and no client for this long, the executor is told to leave. */
  readonly idleSeconds: number;
  /** Folder of the measurements of all sessions. */
  readonly cache: string;
  readonly planner: SessionPlanner.IPlanner;
  /** How much may still be written to the session's folder; undefined where that cannot be told. */
  readonly freeBytes: () => number | undefined;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Tells the program that runs from any other: what one has written to go on faster, no other goes on with. */
  readonly build: string;
  /** End at once: what was promised cannot be kept, and is to be begun anew from what is on disk. */
  readonly abort: (error: SaturnError) => void;
  /** One line for the engine's log. */
  readonly log: (line: string) => void;
}
