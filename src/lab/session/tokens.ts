import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { ComponentType } from 'react';
import type { SessionPhase } from '../../core/view/status/sessionPhase.js';
import type { ClientMessages, Failure, SessionEntry, SessionState } from '../../core/wire/messages.js';
import type { ITaskCell } from '../notebook/taskCells.js';
import type { ConnectionProblem } from './connectionProblem.js';
import type { ILentLine } from './lentLines.js';
import type { Incoming } from './messageChannel.js';
import type { ISessionLine } from './sessionLine.js';

/** The comm target on which a kernel and the front end talk. */
export const COMM_TARGET = 'jupyterlab_saturn';

/**
 * One session, as every view of it sees it: what it is at, and how to act on it, whatever carries the messages (the kernel
 * of a notebook, or the Jupyter server).
 */
export interface ISessionModel extends IDisposable {
  /** Emitted after `view` was replaced. */
  readonly changed: ISignal<ISessionModel, void>;

  /** Emitted when an action failed; `view.failure` then says the same until dismissed. */
  readonly failed: ISignal<ISessionModel, Failure>;

  /** The current view; a new object on every change, never mutated. */
  readonly view: ISessionModel.IView;

  /** Have the session started when it does not run. Failures end in `view`. */
  attach(): Promise<void>;

  /**
   * Send a message to the engine and wait for its answer.
   *
   * @returns whether the engine accepted it; otherwise `view.failure` says why not.
   */
  send<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<boolean>;

  /**
   * Ask the engine something that changes nothing, such as for a task's curve; no failure of it is shown in `view`.
   *
   * @throws SaturnError what the engine refuses with; `not-connected` when it is out of reach.
   */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming>;

  /**
   * The session as it was at a time, when there was a plan.
   *
   * @param time - seconds since the epoch.
   * @returns null when that cannot be told; `view.failure` then says why.
   */
  stateAt(time: number): Promise<SessionState | null>;

  /** Show a failure until it is dismissed. */
  report(failure: Failure): void;

  /** Forget `view.failure`. */
  dismiss(): void;
}

export namespace ISessionModel {
  /** One consistent view of a session. */
  export interface IView {
    /** Newest state known; may be out of date while `connectionProblem` is set. */
    readonly state: SessionState | null;
    /** Why there is no state or why it may be out of date; null when all is well. */
    readonly connectionProblem: ConnectionProblem | null;
    /** Whether messages reach an engine, so that actions make sense. */
    readonly connected: boolean;
    /** Message types sent and not yet answered. */
    readonly pending: ReadonlySet<keyof ClientMessages>;
    /** The last action's failure, until dismissed. */
    readonly failure: Failure | null;
  }
}

/** The session of the current notebook, as every view sees it. */
export const ISaturnStore = new Token<ISaturnStore>(
  'jupyterlab-saturn:ISaturnStore',
  'The %saturn session of the current notebook: its state, why there is none, and how to act on it.'
);

/** See the token of the same name. */
export interface ISaturnStore extends ISessionModel {
  /** Emitted after `view` was replaced, or the session of a notebook in the background changed. */
  readonly changed: ISignal<ISaturnStore, void>;

  readonly failed: ISignal<ISaturnStore, Failure>;

  readonly view: ISaturnStore.IView;

  /** Whether attached sessions are attached again after a kernel restart. */
  reattach: boolean;

  /** Newest state known of a notebook's session, the current notebook or not; null when there is none. */
  stateOf(panel: NotebookPanel): SessionState | null;

  /** Ask the engine of a notebook's session, as `request` does that of the current one. */
  requestOf<T extends keyof ClientMessages>(
    panel: NotebookPanel,
    type: T,
    body: ClientMessages[T]
  ): Promise<Incoming>;

  /** Load the extension in the current notebook's kernel. Failures end in `view`. */
  load(): Promise<void>;

  /** Emitted when a cell asks for a session to be shown in a tab, with the session's folder. */
  readonly viewAsked: ISignal<ISaturnStore, string>;
}

export namespace ISaturnStore {
  /** One consistent view of the current notebook's session. */
  export interface IView extends ISessionModel.IView {
    /** Task cells of the notebook, in order. */
    readonly cells: readonly ITaskCell[];
  }
}

/** The sessions that the Jupyter server knows of, which need no kernel and no notebook. */
export const ISessions = new Token<ISessions>(
  'jupyterlab-saturn:ISessions',
  'The %saturn sessions below the folder of the Jupyter server: which there are, and the way to each.'
);

/** See the token of the same name. */
export interface ISessions extends IDisposable {
  /** Emitted after `list`, `problem` or `inFront` was replaced. */
  readonly changed: ISignal<ISessions, void>;

  /** Emitted with a session that somebody has open, after its `view` was replaced. */
  readonly sessionChanged: ISignal<ISessions, ISessionModel>;

  /** As the server told last; null before it ever did. */
  readonly list: readonly SessionEntry[] | null;

  /** Why the server does not tell; null when it does. */
  readonly problem: ConnectionProblem | null;

  /** The session of the dashboard that has the focus, on which commands act then; null when none has. */
  inFront: ISessionModel | null;

  /** Ask the server again. Failures end in `problem`. */
  refresh(): Promise<void>;

  /** Have the list asked for every now and then, until the result is disposed of. */
  watch(): IDisposable;

  /** Open a session by its id; it is looked at, not started. Dispose of it to leave. */
  open(id: string): ISessionModel;

  /** A session of that id that somebody has open. */
  opened(id: string): ISessionModel | null;

  /** Have a line used by who opens the session that it leads to, in place of another one, until the result is disposed of. */
  lend(line: ILentLine): IDisposable;

  /** The line to a session, shared by all who use it; to be given back by `disconnect`. */
  connect(id: string): ISessionLine;

  /** Give a line back. */
  disconnect(id: string): void;
}

/** The sections of the side panel: what it shows of a session, one below the other. */
export const IPanelSections = new Token<IPanelSections>(
  'jupyterlab-saturn:IPanelSections',
  'The sections of the Saturn panel. Add one to show more of a %saturn session than its tasks, profile, plan and run.'
);

/**
 * See the token of the same name. An extension adds a section of its own so:
 *
 * ```ts
 * const plugin: JupyterFrontEndPlugin<void> = {
 *   id: 'my-extension:cost',
 *   autoStart: true,
 *   optional: [IPanelSections],
 *   activate: (_app, sections: IPanelSections | null) => {
 *     sections?.add({ id: 'cost', rank: 350, title: 'Cost', component: Cost });
 *   }
 * };
 *
 * const Cost = ({ view }: IPanelSections.IContent) => <p>{view.state?.tasks.length} tasks</p>;
 * ```
 *
 * The token comes from the package `jupyterlab-saturn`, which the extension's `package.json` names under
 * `jupyterlab.sharedPackages` as `{ "bundled": false, "singleton": true }`, so that both mean the same token.
 */
export interface IPanelSections {
  /** By rank; those of equal rank in the order in which they came. A new list on every change. */
  readonly sections: readonly IPanelSections.Section[];

  /** Emitted after `sections` was replaced. */
  readonly changed: ISignal<IPanelSections, void>;

  /** Resolved when the panel is to be seen for the first time: what is much to load can wait for it. */
  readonly wanted: Promise<void>;

  /** The panel is to be seen. */
  want(): void;

  /**
   * Add a section; dispose of the result to take it away.
   *
   * @throws Error when there is one of this id.
   */
  add(section: IPanelSections.Section): IDisposable;
}

export namespace IPanelSections {
  /** What every section says of itself. */
  export interface IHeader {
    /** Stable; the `data-section` of its element. */
    readonly id: string;
    /** Smaller is further up. Tasks have 100, the profile 200, the plan 300, the run 400. */
    readonly rank: number;
    /** Its rank while a session is in a phase in which it matters more, or less; `rank` in the others. */
    readonly ranks?: Partial<Record<SessionPhase, number>>;
    /** Whether it is unfolded as long as the user has not folded or unfolded it; when absent, it is. */
    readonly isOpen?: (view: ISaturnStore.IView) => boolean;
    readonly title: string;
    /** A few words beside the title, seen even when the section is folded. */
    readonly summary?: (view: ISaturnStore.IView) => string;
    /** Whether there is anything to show; when absent, while a session is known. */
    readonly isVisible?: (view: ISaturnStore.IView) => boolean;
  }

  /** What the body of a section is drawn from. */
  export interface IContent {
    readonly view: ISaturnStore.IView;
    /** Seconds since the epoch; goes on by itself while something trains. */
    readonly now: number;
  }

  /** A section: its body is a React component, or a Lumino widget that lives while the section is unfolded. */
  export type Section = IHeader &
    (
      | { readonly component: ComponentType<IContent>; readonly createWidget?: undefined }
      | { readonly createWidget: () => Widget; readonly component?: undefined }
    );
}
