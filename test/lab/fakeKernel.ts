import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { ClientMessages, EngineMessages, KernelMessages } from '../../src/core/wire/messages.js';
import { COMM_TARGET } from '../../src/lab/session/tokens.js';

/** One end of a comm whose other end is the test. */
export class FakeComm implements Kernel.IComm {
  constructor(readonly commId: string) {}

  readonly targetName = COMM_TARGET;
  isDisposed = false;
  subshellStarted?: Promise<void>;
  onMsg: Kernel.IComm['onMsg'] = () => undefined;
  onClose: Kernel.IComm['onClose'] = () => undefined;

  /** What the front end sent, oldest first. */
  readonly sent: { v: number; id: string; type: keyof ClientMessages; body: Record<string, unknown> }[] = [];

  send(data: unknown): Kernel.IShellFuture {
    this.sent.push(data as FakeComm['sent'][number]);
    return {} as Kernel.IShellFuture;
  }

  open(): Kernel.IShellFuture {
    throw new Error('The kernel opens the comm.');
  }

  close(): Kernel.IShellFuture {
    throw new Error('The kernel owns the comm.');
  }

  dispose(): void {
    this.isDisposed = true;
  }

  /** Speak as the kernel; `re` answers the newest message of that type. */
  say<T extends keyof EngineMessages | keyof KernelMessages>(
    type: T,
    body: (EngineMessages & KernelMessages)[T],
    re?: keyof ClientMessages
  ): void {
    const id = re && this.sent.findLast(message => message.type === re)?.id;
    this.raw({ v: 1, id: `k${this._count++}`, type, body, ...(id ? { re: id } : {}) });
  }

  raw(data: unknown): void {
    void this.onMsg({ content: { comm_id: this.commId, data } } as never);
  }

  /** Close the comm from the kernel's side. */
  end(): void {
    this.isDisposed = true;
    void this.onClose({} as never);
  }

  private _count = 0;
}

/** A kernel connection that knows comms, silent executions and statuses, all in memory. */
export class FakeKernel {
  constructor(
    readonly id: string,
    readonly language = 'python'
  ) {}

  status: Kernel.Status = 'idle';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  isDisposed = false;

  /** While set, the kernel has subshells and those of comms start when it resolves. */
  subshell: Promise<void> | null = null;

  get supportsSubshells(): boolean {
    return this.subshell !== null;
  }

  /** Ids of comms alive in the kernel; the newest last. */
  readonly living: string[] = [];

  /** Comm ends the front end holds. */
  readonly comms = new Map<string, FakeComm>();

  /** Code that was executed silently. */
  readonly executed: string[] = [];

  /** What `%load_ext` does; by default the extension loads and opens a comm. */
  onLoad: () => { status: 'ok' } | { status: 'error'; ename: string; evalue: string } = () => {
    this.openComm(`comm-${this.executed.length}`);
    return { status: 'ok' };
  };

  /** While set, no question is answered, as when a cell runs. */
  hold: Promise<void> = Promise.resolve();

  get spec() {
    return Promise.resolve({ language: this.language });
  }

  get comm(): FakeComm {
    const comm = this.comms.get(this.living.at(-1) ?? '');
    if (!comm) {
      throw new Error('The front end holds no end of the living comm.');
    }
    return comm;
  }

  hasComm(id: string): boolean {
    return this.comms.has(id);
  }

  createComm(_target: string, id: string): Kernel.IComm {
    const comm = new FakeComm(id);
    this.comms.set(id, comm);
    return comm;
  }

  registerCommTarget(_target: string, callback: (comm: Kernel.IComm) => void): void {
    this._target = callback;
  }

  removeCommTarget(_target: string, callback: (comm: Kernel.IComm) => void): void {
    if (this._target === callback) {
      this._target = null;
    }
  }

  get hasTarget(): boolean {
    return this._target !== null;
  }

  async requestCommInfo() {
    await this.hold;
    return { content: { status: 'ok', comms: Object.fromEntries(this.living.map(id => [id, {}])) } };
  }

  requestExecute({ code }: { code: string }) {
    this.executed.push(code);
    return { done: this.hold.then(() => ({ content: this.onLoad() })) };
  }

  /** As `%load_ext` in a cell does. */
  openComm(id: string): FakeComm {
    const comm = new FakeComm(id);
    comm.subshellStarted = this.subshell ?? undefined;
    this.living.push(id);
    this.comms.set(id, comm);
    this._target?.(comm);
    return comm;
  }

  private _target: ((comm: Kernel.IComm) => void) | null = null;
}

/** A notebook's session context around fake kernels. */
export class FakeContext {
  constructor(kernel: FakeKernel | null) {
    this.session = { kernel };
  }

  session: { kernel: FakeKernel | null };
  kernelDisplayStatus = 'idle';
  readonly kernelChanged = new Signal<this, unknown>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);

  get asContext(): ISessionContext {
    return this as unknown as ISessionContext;
  }

  setKernel(kernel: FakeKernel | null): void {
    this.session = { kernel };
    this.kernelChanged.emit({});
  }

  setStatus(status: Kernel.Status): void {
    if (this.session.kernel) {
      this.session.kernel.status = status;
    }
    this.statusChanged.emit(status);
  }

  setConnection(status: Kernel.ConnectionStatus): void {
    if (this.session.kernel) {
      this.session.kernel.connectionStatus = status;
    }
    this.connectionStatusChanged.emit(status);
  }

  /** The kernel process is replaced: its comms are gone, its connection stays. */
  restart(): void {
    this.setStatus('restarting');
    this.session.kernel?.living.splice(0);
    this.session.kernel?.comms.clear();
    this.setStatus('starting');
    this.setStatus('idle');
  }
}

/** Let everything promised so far happen. */
export const settle = () => new Promise<void>(resolve => setTimeout(resolve, 0));
