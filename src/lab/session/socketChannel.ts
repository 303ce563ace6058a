import { MessageChannel } from './messageChannel.js';

/** Wire messages over a websocket of the Jupyter server; it ends with the channel. */
export class SocketChannel extends MessageChannel {
  /** @param _socket - an open one; who hears of its end is left as it is. */
  constructor(private readonly _socket: WebSocket) {
    super();
    _socket.onmessage = ({ data }) => this._receive(Private.parsed(data));
  }

  protected override get _isOpen(): boolean {
    return this._socket.readyState === 1;
  }

  protected override _transmit(envelope: object): void {
    this._socket.send(JSON.stringify(envelope));
  }

  protected override _release(): void {
    this._socket.onmessage = null;
    this._socket.close();
  }
}

namespace Private {
  /** What is no JSON is no message either, which who receives it says. */
  export const parsed = (data: unknown): unknown => {
    try {
      return typeof data === 'string' ? JSON.parse(data) : null;
    } catch {
      return null;
    }
  };
}
