import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionState } from '../../core/wire/messages.js';
import type { ITaskCell } from '../notebook/taskCells.js';
import type { ConnectionProblem } from './connectionProblem.js';

/** The comm target on which a kernel and the front end talk. */
export const COMM_TARGET = 'jupyterlab_saturn';

/** The session of the current notebook, as every view sees it. */
export const ISaturnStore = new Token<ISaturnStore>(
  'jupyterlab-saturn:ISaturnStore',
  'The %saturn session of the current notebook: its state, why there is none, and how to act on it.'
);

/** See the token of the same name. */
export interface ISaturnStore extends IDisposable {
  /** Emitted after `view` was replaced, or the session of a notebook in the background changed. */
  readonly changed: ISignal<ISaturnStore, void>;

  /** Emitted when an action failed; `view.failure` then says the same until dismissed. */
  readonly failed: ISignal<ISaturnStore, Failure>;

  /** The current view; a new object on every change, never mutated. */
  readonly view: ISaturnStore.IView;

  /** Whether attached sessions are attached again after a kernel restart. */
  reattach: boolean;

  /** Newest state known of a notebook's session, the current notebook or not; null when there is none. */
  stateOf(panel: NotebookPanel): SessionState | null;

  /** Load the extension in the current notebook's kernel. Failures end in `view`. */
  load(): Promise<void>;

  /** Attach the kernel to its session. Failures end in `view`. */
  attach(): Promise<void>;

  /**
   * Send a message to the engine and wait for its answer.
   *
   * @returns whether the engine accepted it; otherwise `view.failure` says why not.
   */
  send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean>;

  /** Show a failure until it is dismissed. */
  report(failure: Failure): void;

  /** Forget `view.failure`. */
  dismiss(): void;
}

export namespace ISaturnStore {
  /** One consistent view of the current notebook's session. */
  export interface IView {
    /** Newest state known; may be out of date while `connectionProblem` is set. */
    readonly state: SessionState | null;
    /** Why there is no state or why it may be out of date; null when all is well. */
    readonly connectionProblem: ConnectionProblem | null;
    /** Whether messages reach an engine, so that actions make sense. */
    readonly connected: boolean;
    /** Task cells of the notebook, in order. */
    readonly cells: readonly ITaskCell[];
    /** Message types sent and not yet answered. */
    readonly pending: ReadonlySet<keyof ClientMessages>;
    /** The last action's failure, until dismissed. */
    readonly failure: Failure | null;
  }
}
