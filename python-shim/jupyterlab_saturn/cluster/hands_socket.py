"""A socket of hands: what their agent says there is kept until it was taken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

import zmq

from ..errors import SaturnError
from .frame_socket import FrameSocket
from .transport import StreamReply, StreamRequest

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0
_CALLS = 2


class HandsSocket:
    """Listens where the agent looks for somebody.

    Parameters
    ----------
    endpoint
        Address to listen at, once its folder is there; it may be another one later.
    """

    def __init__(self, endpoint: Callable[[], str]) -> None:
        self._endpoint = endpoint
        self._socket = FrameSocket(zmq.ROUTER, self._heard)
        self._socket.bind(endpoint())
        self._agent = b""
        self._given = 0
        self._out: list[bytes] = []
        self._dropped = 0  # frames before those of `_out`, which were taken
        self._answered = 0
        self._round = 0
        self._calls: deque[asyncio.Future[None]] = deque()
        self._is_answering = False
        self._tending = asyncio.create_task(self._keep_place())

    async def swap(self, told: StreamRequest, seconds: float) -> StreamReply:
        """See `RemoteHands.swap`; it is waited for so long at most."""
        if told.round > self._round:
            self._round = told.round
            self._answered = max(told.taken, self._dropped)
            self.answer()
        is_whole = self._give(told)
        self._drop(told.taken)
        if is_whole and not self._has_news and told.round == self._round:
            await self._wait(seconds)
        frames = self._out[self._answered - self._dropped :] if told.round == self._round else []
        self._answered += len(frames)
        self._serve()  # one of an earlier round has left what it was woken for
        return StreamReply(self._answered, self._given, frames)

    def answer(self) -> None:
        """Let no call wait."""
        while self._calls:
            self._answer_oldest()

    @property
    def _has_news(self) -> bool:
        return self._answered < self._dropped + len(self._out)

    def _give(self, told: StreamRequest) -> bool:
        """Give the agent what it was not given; whether nothing is missing in between."""
        if told.first > self._given:
            return False
        for frame in told.frames[self._given - told.first :]:
            if self._agent:
                self._socket.send(self._agent, frame)
            self._given += 1
        return True

    def _drop(self, taken: int) -> None:
        del self._out[: max(0, taken - self._dropped)]
        self._dropped = max(taken, self._dropped)

    async def _wait(self, seconds: float) -> None:
        call = asyncio.get_running_loop().create_future()
        self._calls.append(call)
        if len(self._calls) > _CALLS:
            self._answer_oldest()
        try:
            async with asyncio.timeout(seconds):
                await call
        except TimeoutError:
            with contextlib.suppress(ValueError):
                self._calls.remove(call)
        finally:
            self._is_answering = False

    def _answer_oldest(self) -> None:
        self._is_answering = True  # it takes all that comes until it goes on
        call = self._calls.popleft()
        if not call.done():  # else its time is over, and it goes on as well
            call.set_result(None)

    def close(self) -> None:
        """Listen no more."""
        self._tending.cancel()
        self._socket.close()

    def _heard(self, messages: list[list[bytes]]) -> None:
        for identity, *frames in messages:
            # An agent that takes up its line anew has a new socket; nobody is at the old one.
            self._agent = identity
            self._out += frames
        self._serve()

    def _serve(self) -> None:
        if self._has_news and self._calls and not self._is_answering:
            self._answer_oldest()

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
