"""A ZeroMQ socket of an event loop, as few steps from one to the other as can be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import zmq

_RECONNECT_MS = 50


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
    """

    def __init__(
        self, kind: int, arrived: Callable[[list[list[bytes]]], None], *, linger: int = 0
    ) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        self._socket.setsockopt(zmq.LINGER, linger)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.FD, self._read)

    def bind(self, endpoint: str) -> None:
        """Listen at an endpoint as well. Raises `zmq.ZMQError`."""
        self._socket.bind(endpoint)
        self._look_again()

    def connect(self, endpoint: str) -> None:
        """Connect to whoever listens at an endpoint, now or later. Raises `zmq.ZMQError`."""
        self._socket.connect(endpoint)
        self._look_again()

    def disconnect(self, endpoint: str) -> None:
        """Be no longer connected to an endpoint. Raises `zmq.ZMQError`."""
        self._socket.disconnect(endpoint)
        self._look_again()

    def send(self, *parts: bytes) -> None:
        """Send a message; without a high-water mark there is always room."""
        if self._socket.closed:
            return
        self._socket.send_multipart(parts, zmq.NOBLOCK)
        self._look_again()

    def close(self) -> None:
        """Neither hear nor say any more."""
        if not self._socket.closed:
            self._loop.remove_reader(self._socket.FD)
            self._socket.close()

    def _look_again(self) -> None:
        # The descriptor tells of what comes once: whatever else is done may have used that up.
        self._loop.call_soon(self._read)

    def _read(self) -> None:
        messages = []
        with contextlib.suppress(zmq.Again):
            while not self._socket.closed:
                messages.append(self._socket.recv_multipart(zmq.NOBLOCK))
        if messages:
            self._arrived(messages)
