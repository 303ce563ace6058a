import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';
import { failureOf } from '../../core/wire/failure.js';
import type { ClientMessages, Failure, KernelStatus, SessionState } from '../../core/wire/messages.js';
import type { CommChannel } from './commChannel.js';
import type { CommMemory } from './commMemory.js';
import type { ConnectionProblem } from './connectionProblem.js';
import { FollowedSession } from './followedSession.js';
import { languageOf, loadExtension, noComm } from './kernelCalls.js';
import { KernelComm } from './kernelComm.js';
import { KernelWork } from './kernelWork.js';
import type { ILentLine } from './lentLines.js';
import type { Incoming } from './messageChannel.js';
import { notConnected } from './sessionLine.js';

/** How long a kernel may take to say which comms it has before it is called busy, in milliseconds. */
const SLOW_AFTER = 1500;

/**
 * The connection to the session of one notebook, through whatever kernel the notebook has.
 *
 * It survives page reloads, lost connections and kernel restarts, and keeps the last state for as long as
 * there is no newer one.
 */
export class SessionConnection implements ILentLine {
  constructor(options: SessionConnection.IOptions) {
    this._context = options.sessionContext;
    this._memory = options.memory;
    this.reattach = options.reattach;
    this._session.changed.connect(() => this._changed.emit());
    this._session.failed.connect((_, failure) => this._failed.emit(failure));
    this._session.viewAsked.connect((_, folder) => this._viewAsked.emit(folder));
    this._context.kernelChanged.connect(this._onKernelChanged, this);
    this._context.statusChanged.connect(this._onStatusChanged, this);
    this._context.connectionStatusChanged.connect(this._onConnectionStatusChanged, this);
    this._follow(this._context.session?.kernel ?? null);
  }

  /** Whether to load the extension and attach again after a kernel restart. */
  reattach: boolean;

  /** Emitted when `state` or `problem` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Troubles that belong to no request, such as a message nobody understands. */
  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  /** Somebody asks, in a cell, for the session of a folder to be shown in a tab. */
  get viewAsked(): ISignal<this, string> {
    return this._viewAsked;
  }

  /** Newest state of the session, or null when there never was one. */
  get state(): SessionState | null {
    return this._session.state;
  }

  /** Why `state` is missing or may be out of date; null when it is live. */
  get problem(): ConnectionProblem | null {
    if (!this._kernelComm) {
      const status = this._context.kernelDisplayStatus;
      return this._dead
        ? { kind: 'kernel-dead' }
        : { kind: status === 'starting' || status === 'initializing' ? 'kernel-starting' : 'no-kernel' };
    }
    const { status, connectionStatus } = this._kernelComm.kernel;
    if (status === 'restarting' || status === 'autorestarting') {
      return { kind: 'kernel-restarting' };
    }
    if (this._wasConnected && connectionStatus !== 'connected') {
      return { kind: 'kernel-disconnected' };
    }
    if (this._session.phase === null && this.state?.agent === 'away') {
      return { kind: 'agent-away' };
    }
    return this._session.phase;
  }

  /** Whether messages reach an engine. */
  get connected(): boolean {
    const kind = this.problem?.kind;
    return this._kernelComm?.channel != null && (kind === undefined || kind === 'agent-away');
  }

  get isPrompt(): boolean {
    return this._kernelComm?.isPrompt ?? false;
  }

  /**
   * Whether the kernel tells of the session, but hears nothing before the cell that runs has ended: one without subshells, or
   * of whose subshells a page that was loaded meanwhile has not learnt.
   */
  get isDeaf(): boolean {
    return this._work.isBusy && this._kernelComm?.channel != null && !this.isPrompt;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Load the extension in the kernel, which then opens its comm. */
  async load(): Promise<void> {
    const kernelComm = this._kernelComm;
    if (!kernelComm) {
      return;
    }
    const turn = this._session.enter({ kind: 'loading' });
    let problem: Failure | null = null;
    try {
      problem = await loadExtension(kernelComm.kernel);
      if (!problem && !kernelComm.channel) {
        await kernelComm.look(() => this._session.turn === turn);
        problem = kernelComm.channel ? null : noComm();
      }
    } catch (error) {
      problem = failureOf(error);
    }
    if (problem && this._session.turn === turn && !kernelComm.channel) {
      this._session.enter({ kind: 'failed', failure: problem, retry: 'load' });
    }
  }

  /** Ask the kernel to attach to its session, starting it when it does not run. */
  attach(): Promise<void> {
    return this._session.attach();
  }

  /** Send a message to the engine. Rejects with a SaturnError when it refuses or is out of reach. */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._kernelComm?.channel?.request(type, body) ?? Promise.reject(notConnected());
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._session.dispose();
    this._leave();
    this._work.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onKernelChanged(): void {
    this._follow(this._context.session?.kernel ?? null);
  }

  private _onStatusChanged(_: unknown, status: Kernel.Status): void {
    switch (status) {
      case 'restarting':
      case 'autorestarting':
        this._kernelComm?.forget();
        this._restarted = true;
        // Stays so while the new process starts, until it can be asked.
        this._session.enter({ kind: 'kernel-restarting' });
        break;
      case 'dead':
        this._dead = true;
        this._leave();
        break;
      case 'idle':
      case 'busy':
        this._work.take(status);
        if (this._restarted && this._kernelComm) {
          this._restarted = false;
          void this._probe(this._kernelComm);
        }
        break;
    }
    this._changed.emit();
  }

  private _onConnectionStatusChanged(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      if (this._wasConnected && this._kernelComm?.channel) {
        // Pushes were missed meanwhile; a greeting brings the whole state.
        void this._session.greet(this._kernelComm.channel);
      }
      this._wasConnected = true;
    }
    this._changed.emit();
  }

  private _follow(kernel: Kernel.IKernelConnection | null): void {
    if (kernel === (this._kernelComm?.kernel ?? null)) {
      return;
    }
    this._leave();
    if (kernel) {
      const kernelComm = new KernelComm(kernel, this._memory);
      this._kernelComm = kernelComm;
      this._dead = false;
      this._work.begin(kernel.status);
      this._wasConnected = kernel.connectionStatus === 'connected';
      kernelComm.opened.connect((_, channel) => this._session.listen(channel));
      kernelComm.ready.connect(this._onReady, this);
      kernelComm.closed.connect(() => this._session.enter({ kind: 'not-loaded' }));
      void this._probe(kernelComm);
    }
    this._changed.emit();
  }

  private _leave(): void {
    clearTimeout(this._slowTimer);
    this._work.begin('idle');
    this._kernelComm?.dispose();
    this._kernelComm = null;
    this._session.enter(null);
  }

  /** Find out where this kernel stands and connect as far as possible. */
  private async _probe(kernelComm: KernelComm): Promise<void> {
    const turn = this._session.enter({ kind: 'connecting' });
    if (kernelComm.recall()) {
      this._session.isWanted = true;
    }
    clearTimeout(this._slowTimer);
    this._slowTimer = setTimeout(() => {
      if (this._session.turn === turn && this._session.phase?.kind === 'connecting') {
        this._session.enter({ kind: 'kernel-busy' }, turn);
      }
    }, SLOW_AFTER);
    try {
      const language = await languageOf(kernelComm.kernel);
      if (this._session.turn !== turn) {
        return;
      }
      if (language !== 'python') {
        this._session.enter({ kind: 'not-python', language });
        return;
      }
      await kernelComm.look(() => this._session.turn === turn);
      if (this._session.turn !== turn || kernelComm.channel) {
        return;
      }
      if (this._session.isWanted && this.reattach) {
        await this.load();
      } else {
        this._session.enter({ kind: 'not-loaded' });
      }
    } catch (error) {
      if (this._session.turn === turn) {
        this._session.enter({ kind: 'failed', failure: failureOf(error), retry: 'load' });
      }
    } finally {
      if (this._session.turn === turn) {
        clearTimeout(this._slowTimer);
      }
    }
  }

  private _onReady(_: KernelComm, channel: CommChannel): void {
    this._changed.emit();
    void this._session.greet(channel);
  }

  private _onDetached(status: KernelStatus): void {
    if (this._session.isWanted && this.reattach && this._session.phase?.kind !== 'attaching') {
      void this.attach();
    } else {
      this._session.enter({ kind: 'not-attached', session: status.session });
    }
  }

  private readonly _context: ISessionContext;
  private readonly _memory: CommMemory;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private readonly _viewAsked = new Signal<this, string>(this);
  private _kernelComm: KernelComm | null = null;
  private readonly _session = new FollowedSession({
    channel: () => this._kernelComm?.channel ?? null,
    // The kernel tells everybody what it has heard; it is the engine that waits, for the kernel.
    acknowledges: false,
    problemOf: failure => ({ kind: 'failed', failure, retry: 'attach' }),
    onDetached: status => this._onDetached(status)
  });
  private _slowTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly _work = new KernelWork(() => this._changed.emit());
  private _restarted = false;
  private _dead = false;
  private _wasConnected = false;
  private _isDisposed = false;
}

export namespace SessionConnection {
  export interface IOptions {
    /** The notebook's session context; its kernel is followed. */
    sessionContext: ISessionContext;
    memory: CommMemory;
    reattach: boolean;
  }
}
