import type { ExecutorCommand } from '../../core/session/command.js';
import type {
  Advise,
  DeviceRequest,
  DevicesLoad,
  SessionEvent,
  TrackerReport
} from '../../core/wire/messages.js';
import type { IDisposable } from '../disposable.js';
import type { AdvisedPoints } from './openQuestions.js';

/**
 * Who owns devices and processes, on one node or several: the only thing of the kind that the engine knows.
 * `schema/wire/executor.json` says what commands and reports mean.
 *
 * Commands to one node are carried out in the order of the calls. One to a node that is not there is dropped: when a
 * node says what it is doing (`agent-connected`), the session asks again for whatever is missing.
 *
 * Reports of one node come in order. A report may come twice, after either side was restarted; the session takes no
 * notice of what it knows.
 */
export interface IExecutor extends IDisposable {
  /** Have a command carried out; what comes of it is reported. */
  execute(command: ExecutorCommand): void;

  /**
   * Choose devices of a node, or of each there is. Resolves once the change is reported and taken in.
   *
   * @throws SaturnError `no-agent` when the node is not there, or none is, or why the devices cannot be had; nothing has changed
   * then on a node that refuses.
   */
  chooseDevices(request: DeviceRequest, node?: string): Promise<void>;

  /**
   * Have points of a sweep thought up beside the session's own node. While that is away the question waits for it.
   *
   * @throws SaturnError `no-optuna` or `no-advice`.
   */
  advise(question: Advise): Promise<AdvisedPoints>;

  /** There is nothing to do, and nobody who could ask for anything: nodes may leave. */
  shutdown(): void;
}

/** Namespace of {@link IExecutor}. */
export namespace IExecutor {
  /** What an executor may tell the session. */
  export type Report = SessionEvent & {
    kind:
      | 'agent-connected'
      | 'agent-away'
      | 'node-away'
      | 'node-changed'
      | 'devices-freed'
      | 'bridge-reported'
      | 'inspected'
      | 'trial-finished'
      | 'group';
  };

  /** What the engine gives an executor. */
  export interface IContext {
    /**
     * Take a report in for good; returns the session's revision with it.
     *
     * @throws SaturnError when that is not possible now. The executor keeps the report then, with all later ones of the
     * node, and offers it again.
     */
    readonly take: (report: Report) => number;
    /** Take in how busy devices are: it is no event of the session. */
    readonly noteLoad: (load: DevicesLoad) => void;
    /** Take in how far a tracker is told: it is no event of the session. */
    readonly noteTracker: (report: TrackerReport) => void;
    /** Seconds since the epoch. */
    readonly now: () => number;
    /** One line for the engine's log. */
    readonly log: (line: string) => void;
  }
}
