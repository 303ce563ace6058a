import type { ClientMessages, EngineMessages, KernelMessages } from '../../src/core/wire/messages.js';

/** One end of a websocket whose other end is the test. */
export class FakeSocket {
  /** All that were opened, oldest first. */
  static readonly all: FakeSocket[] = [];

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  /** What the front end sent, oldest first. */
  readonly sent: { v: number; id: string; type: keyof ClientMessages; body: Record<string, unknown> }[] = [];

  get asSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  /** The server takes the connection. */
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The connection ends, not by the front end. */
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** Speak as the server; `re` answers the newest message of that type. */
  say<T extends keyof EngineMessages | keyof KernelMessages>(
    type: T,
    body: (EngineMessages & KernelMessages)[T],
    re?: keyof ClientMessages
  ): void {
    const id = re && this.sent.findLast(message => message.type === re)?.id;
    this.raw(JSON.stringify({ v: 1, id: `s${this._count++}`, type, body, ...(id ? { re: id } : {}) }));
  }

  raw(data: unknown): void {
    this.onmessage?.({ data });
  }

  private _count = 0;
}
