"""A ZeroMQ socket of an event loop, as few steps from one to the other as can be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import zmq


class FrameSocket:
    """Hands over what comes, all that is there at once; what is sent waits for nobody.

    Parameters
    ----------
    kind
        ``zmq.ROUTER`` or ``zmq.DEALER``.
    arrived
        Called with messages, oldest first; each is a list of its parts.
    linger
        Milliseconds for which what is still to be sent survives `close`.

    Attributes
    ----------
    socket
        To be bound and connected.
    """

    def __init__(
        self, kind: int, arrived: Callable[[list[list[bytes]]], None], *, linger: int = 0
    ) -> None:
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        self.socket.setsockopt(zmq.LINGER, linger)
        self.socket.setsockopt(zmq.SNDHWM, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.socket.FD, self._read)

    def send(self, *parts: bytes) -> None:
        """Send a message; without a high-water mark there is always room."""
        if self.socket.closed:
            return
        self.socket.send_multipart(parts, zmq.NOBLOCK)
        # The descriptor tells of what comes once: sending may have used that up.
        self._loop.call_soon(self._read)

    def close(self) -> None:
        """Neither hear nor say any more."""
        if not self.socket.closed:
            self._loop.remove_reader(self.socket.FD)
            self.socket.close()

    def _read(self) -> None:
        messages = []
        with contextlib.suppress(zmq.Again):
            while not self.socket.closed:
                messages.append(self.socket.recv_multipart(zmq.NOBLOCK))
        if messages:
            self._arrived(messages)
