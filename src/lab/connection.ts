import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { SaturnError } from '../core/model/failure.js';
import {
  type ClientMessages,
  type Failure,
  failureOf,
  type KernelStatus,
  type SessionState
} from '../core/wire/messages.js';
import type { Absence } from './absence.js';
import { CommChannel, type Incoming } from './commChannel.js';
import type { CommMemory } from './commMemory.js';
import { languageOf, livingComm, loadExtension, subshellOf } from './kernelCalls.js';
import { COMM_TARGET } from './tokens.js';
import { VERSION } from './version.js';

/** How long a kernel may take to say which comms it has before it is called busy, in milliseconds. */
const SLOW_AFTER = 1500;

/**
 * The line to the session of one notebook, through whatever kernel the notebook has.
 *
 * It finds the kernel's comm or accepts the one the kernel opens, survives page reloads, lost
 * connections and kernel restarts, and keeps the last state for as long as there is no newer one.
 */
export class SaturnConnection implements IDisposable {
  constructor(options: SaturnConnection.IOptions) {
    this._context = options.sessionContext;
    this._memory = options.memory;
    this.reattach = options.reattach;
    this._context.kernelChanged.connect(this._onKernelChanged, this);
    this._context.statusChanged.connect(this._onStatusChanged, this);
    this._context.connectionStatusChanged.connect(this._onConnectionStatusChanged, this);
    this._follow(this._context.session?.kernel ?? null);
  }

  /** Whether to load the extension and attach again after a kernel restart. */
  reattach: boolean;

  /** Emitted when `state` or `absence` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Troubles that belong to no request, such as a message nobody understands. */
  get failed(): ISignal<this, Failure> {
    return this._failed;
  }

  /** Newest state of the session, or null when there never was one. */
  get state(): SessionState | null {
    return this._state;
  }

  /** Why `state` is missing or may be out of date; null when it is live. */
  get absence(): Absence | null {
    if (!this._kernel) {
      const status = this._context.kernelDisplayStatus;
      return this._dead
        ? { kind: 'kernel-dead' }
        : { kind: status === 'starting' || status === 'initializing' ? 'kernel-starting' : 'no-kernel' };
    }
    const { status, connectionStatus } = this._kernel;
    if (status === 'restarting' || status === 'autorestarting') {
      return { kind: 'kernel-restarting' };
    }
    if (this._wasConnected && connectionStatus !== 'connected') {
      return { kind: 'kernel-disconnected' };
    }
    if (this._phase === null && this._state?.agent === 'away') {
      return { kind: 'agent-away' };
    }
    return this._phase;
  }

  /** Whether messages reach an engine. */
  get connected(): boolean {
    const kind = this.absence?.kind;
    return this._channel !== null && (kind === undefined || kind === 'agent-away');
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Load the extension in the kernel, which then opens its comm. */
  async load(): Promise<void> {
    const kernel = this._kernel;
    if (!kernel) {
      return;
    }
    const turn = this._enter({ kind: 'loading' });
    let problem: Failure | null = null;
    try {
      problem = await loadExtension(kernel);
      if (!problem && !this._channel) {
        await this._look(kernel, turn);
        problem = this._channel ? null : Private.noComm();
      }
    } catch (error) {
      problem = failureOf(error);
    }
    if (problem && this._turn === turn && !this._channel) {
      this._enter({ kind: 'failed', failure: problem, retry: 'load' });
    }
  }

  /** Ask the kernel to attach to its session, starting it when it does not run. */
  async attach(): Promise<void> {
    if (!this._channel) {
      return;
    }
    const turn = this._enter({ kind: 'attaching' });
    try {
      this._onMessage(this._channel, await this._channel.request('attach', {}));
    } catch (error) {
      if (this._turn === turn) {
        this._enter({ kind: 'failed', failure: failureOf(error), retry: 'attach' });
      }
    }
  }

  /** Send a message to the engine. Rejects with a SaturnError when it refuses or is out of reach. */
  request<T extends keyof ClientMessages>(type: T, body: ClientMessages[T]): Promise<Incoming> {
    return this._channel ? this._channel.request(type, body) : Promise.reject(Private.notConnected());
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._turn++;
    this._leave();
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
        this._dropChannel();
        this._memory.forget(this._kernel?.id ?? '');
        this._restarted = true;
        // Stays so while the new process starts, until it can be asked.
        this._enter({ kind: 'kernel-restarting' });
        break;
      case 'dead':
        this._dead = true;
        this._leave();
        break;
      case 'idle':
      case 'busy':
        if (this._restarted && this._kernel) {
          this._restarted = false;
          void this._probe(this._kernel);
        }
        break;
    }
    this._changed.emit();
  }

  private _onConnectionStatusChanged(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      if (this._wasConnected && this._channel) {
        // Pushes were missed while the line was down; a greeting brings the whole state.
        void this._greet(this._channel);
      }
      this._wasConnected = true;
    }
    this._changed.emit();
  }

  private _follow(kernel: Kernel.IKernelConnection | null): void {
    if (kernel === this._kernel) {
      return;
    }
    this._leave();
    this._kernel = kernel;
    if (kernel) {
      this._dead = false;
      this._wasConnected = kernel.connectionStatus === 'connected';
      kernel.registerCommTarget(COMM_TARGET, this._onCommOpened);
      void this._probe(kernel);
    }
    this._changed.emit();
  }

  private _leave(): void {
    this._turn++;
    this._dropChannel();
    clearTimeout(this._slowTimer);
    if (this._kernel && !this._kernel.isDisposed) {
      this._kernel.removeCommTarget(COMM_TARGET, this._onCommOpened);
    }
    this._kernel = null;
    this._phase = null;
  }

  /** Find out where this kernel stands and connect as far as possible. */
  private async _probe(kernel: Kernel.IKernelConnection): Promise<void> {
    const turn = this._enter({ kind: 'connecting' });
    const remembered = this._memory.recall(kernel.id);
    if (remembered && !kernel.hasComm(remembered)) {
      this._wanted = true;
      this._open(kernel.createComm(COMM_TARGET, remembered));
    }
    clearTimeout(this._slowTimer);
    this._slowTimer = setTimeout(() => {
      if (this._turn === turn && this._phase?.kind === 'connecting') {
        this._enter({ kind: 'kernel-busy' }, turn);
      }
    }, SLOW_AFTER);
    try {
      const language = await languageOf(kernel);
      if (this._turn !== turn) {
        return;
      }
      if (language !== 'python') {
        this._enter({ kind: 'not-python', language });
        return;
      }
      await this._look(kernel, turn);
      if (this._turn !== turn || this._channel) {
        return;
      }
      if (this._wanted && this.reattach) {
        await this.load();
      } else {
        this._enter({ kind: 'not-loaded' });
      }
    } catch (error) {
      if (this._turn === turn) {
        this._enter({ kind: 'failed', failure: failureOf(error), retry: 'load' });
      }
    } finally {
      if (this._turn === turn) {
        clearTimeout(this._slowTimer);
      }
    }
  }

  /** Ask the kernel for its living comm and take it. */
  private async _look(kernel: Kernel.IKernelConnection, turn: number): Promise<void> {
    const id = await livingComm(kernel);
    if (this._turn !== turn) {
      return;
    }
    if (this._channel && this._channel.id !== id) {
      this._dropChannel();
    }
    if (id !== null && !this._channel && !kernel.hasComm(id)) {
      this._open(kernel.createComm(COMM_TARGET, id));
    }
  }

  private readonly _onCommOpened = (comm: Kernel.IComm): void => this._open(comm);

  private _open(comm: Kernel.IComm): void {
    this._dropChannel();
    const channel = new CommChannel(comm);
    this._channel = channel;
    channel.pushed.connect(this._onMessage, this);
    channel.malformed.connect(this._onMalformed, this);
    channel.closed.connect(this._onClosed, this);
    if (this._kernel) {
      this._memory.remember(this._kernel.id, channel.id);
    }
    void subshellOf(comm, this._kernel).then(() => {
      if (this._channel === channel) {
        void this._greet(channel);
      }
    });
  }

  private async _greet(channel: CommChannel): Promise<void> {
    try {
      // A browser has no process id.
      this._onMessage(channel, await channel.request('hello', { pid: 0, version: VERSION }));
    } catch (error) {
      if (this._channel === channel) {
        this._enter({ kind: 'failed', failure: failureOf(error), retry: 'attach' });
      }
    }
  }

  private _onMessage(channel: CommChannel, message: Incoming): void {
    if (channel !== this._channel) {
      return;
    }
    switch (message.type) {
      case 'kernel.status':
        this._onKernelStatus(message.body);
        break;
      case 'state':
        this._wanted = true;
        this._state = message.body.state;
        this._enter(null);
        break;
      case 'error':
        this._failed.emit(message.body.error);
        break;
    }
  }

  private _onKernelStatus(status: KernelStatus): void {
    if (status.error) {
      this._enter({ kind: 'failed', failure: status.error, retry: 'attach' });
    } else if (!status.attached) {
      if (this._wanted && this.reattach && this._phase?.kind !== 'attaching') {
        void this.attach();
      } else {
        this._enter({ kind: 'not-attached', session: status.session });
      }
    } else if (this._phase !== null) {
      this._wanted = true;
      this._enter({ kind: 'waiting' });
    }
  }

  private _onMalformed(_: CommChannel, failure: Failure): void {
    this._failed.emit(failure);
  }

  private _onClosed(channel: CommChannel): void {
    if (channel === this._channel) {
      this._channel = null;
      this._memory.forget(this._kernel?.id ?? '');
      this._enter({ kind: 'not-loaded' });
    }
  }

  private _dropChannel(): void {
    this._channel?.dispose();
    this._channel = null;
  }

  /** Move to a phase; returns the turn, by which late answers to earlier questions are told apart. */
  private _enter(phase: Absence | null, turn = this._turn + 1): number {
    this._turn = turn;
    this._phase = phase;
    this._changed.emit();
    return turn;
  }

  private readonly _context: ISessionContext;
  private readonly _memory: CommMemory;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, Failure>(this);
  private _kernel: Kernel.IKernelConnection | null = null;
  private _channel: CommChannel | null = null;
  private _state: SessionState | null = null;
  private _phase: Absence | null = null;
  private _slowTimer: ReturnType<typeof setTimeout> | undefined;
  private _turn = 0;
  private _wanted = false;
  private _restarted = false;
  private _dead = false;
  private _wasConnected = false;
  private _isDisposed = false;
}

export namespace SaturnConnection {
  export interface IOptions {
    /** The notebook's session context; its kernel is followed. */
    sessionContext: ISessionContext;
    memory: CommMemory;
    reattach: boolean;
  }
}

namespace Private {
  export const noComm = (): Failure => ({
    code: 'no-comm',
    message: 'The extension is loaded, but the kernel opened no channel to the panel.',
    hint: 'Run %reload_ext jupyterlab_saturn in a cell.'
  });

  export const notConnected = () =>
    new SaturnError({
      code: 'not-connected',
      message: 'The current notebook is not attached to a session.',
      hint: 'Open the Saturn panel and follow what it says.'
    });
}
