"""A socket of hands: what their agent says there is kept until it was taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import zmq
import zmq.asyncio

from ..errors import SaturnError

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0


class HandsSocket:
    """Listens where the agent looks for somebody. Frames both ways have numbers, from 0 on.

    Parameters
    ----------
    endpoint
        Address to listen at, once its folder is there; it may be another one later.
    """

    def __init__(self, endpoint: Callable[[], str]) -> None:
        self._endpoint = endpoint
        self._socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.bind(endpoint())
        self._agent = b""
        self._out: list[bytes] = []
        self._dropped = 0
        self._in = 0
        self.news = asyncio.Event()
        """Set when there is something to take."""
        self._tending = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._keep_place()),
        ]

    @property
    def count(self) -> int:
        """So many frames the agent has said."""
        return self._dropped + len(self._out)

    def frames(self, taken: int) -> list[bytes]:
        """What it has said that was not taken; the first `taken` frames were."""
        del self._out[: max(0, taken - self._dropped)]
        self._dropped = max(taken, self._dropped)
        return list(self._out)

    async def send(self, first: int, frames: Sequence[bytes]) -> None:
        """Give the agent frames; those that it was given before are left out."""
        for frame in frames[max(0, self._in - first) :]:
            if self._agent:
                await self._socket.send_multipart([self._agent, frame])
            self._in += 1

    def close(self) -> None:
        """Listen no more."""
        for task in self._tending:
            task.cancel()
        self._socket.close()

    async def _read(self) -> None:
        while True:
            identity, *frames = await self._socket.recv_multipart()
            # An agent that takes up its line anew has a new socket; nobody is at the old one.
            self._agent = identity
            self._out += frames
            self.news.set()

    async def _keep_place(self) -> None:
        """Listen anew when the socket's file was removed: its folder is one that is cleaned up."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                endpoint = self._endpoint()
                if not Path(endpoint.removeprefix("ipc://")).exists():
                    self._socket.bind(endpoint)
            except (SaturnError, zmq.ZMQError) as error:
                _log.warning("The agent's socket cannot be made anew: %s", error)
