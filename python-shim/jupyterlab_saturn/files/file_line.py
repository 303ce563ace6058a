"""The node's end of the line on which files are asked for, and given."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, cast

import zmq
import zmq.asyncio

from ..errors import SaturnError
from .frames import WINDOW, asked, packed, reply_of

if TYPE_CHECKING:
    from ..generated.wire_types import FileReply, FileRequest


class FileLine:
    """Asks, and waits for answers as long as it takes: who carries frames outlives this process.

    Of all that is asked at once, no more than `WINDOW` is under way.

    Parameters
    ----------
    endpoint
        Address of who carries frames.
    """

    def __init__(self, endpoint: str) -> None:
        self._socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self._socket.connect(endpoint)
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[tuple[FileReply, bytes]]] = {}
        self._room = asyncio.Semaphore(WINDOW)
        self._reading = asyncio.create_task(self._read())

    async def ask(self, op: str, data: bytes = b"", **fields: Any) -> tuple[FileReply, bytes]:
        """Ask, as the wire's ``FileRequest`` says.

        Raises
        ------
        SaturnError
            Why it was not done.
        """
        number = next(self._ids)
        request = cast("FileRequest", {"id": number, "op": op, **fields})
        async with self._room:
            answered = self._asked[number] = asyncio.get_running_loop().create_future()
            try:
                await self._socket.send(packed(request, data))
                reply, content = await answered
            finally:
                del self._asked[number]
        if "error" in reply:
            raise SaturnError.from_json(reply["error"])
        return reply, content

    async def close(self) -> None:
        """Ask no more."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._socket.close()

    async def _read(self) -> None:
        while True:
            frame = (await self._socket.recv_multipart())[-1]
            waiting = self._asked.get(asked(frame))
            if waiting is None or waiting.done():
                continue
            try:
                waiting.set_result(reply_of(frame))
            except SaturnError as error:
                waiting.set_exception(error)
