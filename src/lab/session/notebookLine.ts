import { type ISignal, Signal } from '@lumino/signaling';
import type { ClientMessages, Failure, SessionEntry, SessionState } from '../../core/wire/messages.js';
import type { ConnectionProblem } from './connectionProblem.js';
import type { Incoming } from './messageChannel.js';
import type { SessionConnection } from './sessionConnection.js';
import type { ISessionLine } from './sessionLine.js';
import type { ISessions } from './tokens.js';

/** What is in the way when a kernel cannot be asked at all, whatever there is to see of the session. */
const KERNEL_AWAY: ReadonlySet<ConnectionProblem['kind']> = new Set([
  'connecting',
  'kernel-busy',
  'kernel-dead',
  'kernel-disconnected',
  'kernel-restarting',
  'kernel-starting',
  'no-kernel'
]);

/**
 * The best way to the session of a notebook: through its kernel; and while that is busy, deaf or gone, through the Jupyter
 * server, if it knows the session and it runs.
 */
export class NotebookLine implements ISessionLine {
  constructor(private readonly _options: NotebookLine.IOptions) {
    const { kernel, sessions } = _options;
    kernel.changed.connect(this._onChanged, this);
    kernel.failed.connect(this._onFailed, this);
    sessions?.changed.connect(this._onChanged, this);
    this._choose();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  get state(): SessionState | null {
    return this._best.state ?? this._options.kernel.state;
  }

  get problem(): ConnectionProblem | null {
    return this._best.problem;
  }

  get connected(): boolean {
    return this._best.connected;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  attach(): Promise<void> {
    return this._options.kernel.attach();
  }

  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._best.request(type, body);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._leaveServer();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** The server's line counts while the kernel's is of no use, and it is. */
  private get _best(): ISessionLine {
    const { kernel } = this._options;
    const server = this._server?.line;
    const tells = server && (server.connected || (server.state !== null && kernel.state === null));
    return tells && this._isKernelAway ? server : kernel;
  }

  private get _isKernelAway(): boolean {
    const { problem, isDeaf } = this._options.kernel;
    return isDeaf || (problem !== null && KERNEL_AWAY.has(problem.kind));
  }

  private _onChanged(): void {
    this._choose();
    this._changed.emit();
  }

  private _onFailed(_: ISessionLine, failure: Failure): void {
    this._failed.emit(failure);
  }

  private _choose(): void {
    const { kernel, sessions } = this._options;
    if (!sessions || !this._isKernelAway) {
      this._hasAsked = false;
      if (kernel.problem === null) {
        this._leaveServer();
      }
      return;
    }
    if (!this._hasAsked) {
      this._hasAsked = true;
      void sessions.refresh();
    }
    const id = this._find(sessions.list ?? [])?.id;
    if (id !== undefined && id !== this._server?.id) {
      this._leaveServer();
      const line = sessions.connect(id);
      this._server = { id, line };
      line.changed.connect(this._onLineChanged, this);
      line.failed.connect(this._onFailed, this);
    }
  }

  private _onLineChanged(): void {
    this._changed.emit();
  }

  /** The session that the kernel was attached to, or the only one that this notebook has used. */
  private _find(list: readonly SessionEntry[]): SessionEntry | undefined {
    const awake = list.filter(({ state }) => state !== 'asleep');
    const folder = this._options.kernel.state?.folder;
    if (folder !== undefined) {
      return awake.find(entry => entry.path === folder);
    }
    const path = this._options.path();
    const used = awake.filter(({ notebooks }) => path !== '' && notebooks.includes(path));
    return used.length === 1 ? used[0] : undefined;
  }

  private _leaveServer(): void {
    const server = this._server;
    this._server = null;
    if (server) {
      server.line.changed.disconnect(this._onLineChanged, this);
      server.line.failed.disconnect(this._onFailed, this);
      this._options.sessions?.disconnect(server.id);
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _server: { readonly id: string; readonly line: ISessionLine } | null = null;
  private _hasAsked = false;
  private _isDisposed = false;
}

export namespace NotebookLine {
  export interface IOptions {
    /** Through the notebook's kernel; whoever made it disposes of it. */
    readonly kernel: SessionConnection;
    /** Path of the notebook, from the server's folder on. */
    readonly path: () => string;
    /** Those of the Jupyter server; null where it has none to offer. */
    readonly sessions: ISessions | null;
  }
}
