"""What hands and bridge say to each other of one stream: each frame once, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from .transport import HandsUnreachable, Heard, RemoteHands, Stream

_log = logging.getLogger(__name__)

_AGAIN_SECONDS = 0.1
_T = TypeVar("_T")


class HandsStream:
    """Asks again while nobody knows whether a call reached hands. Raises `HandsGone` when not.

    Parameters
    ----------
    node
        Id of the node in the session.
    """

    def __init__(self, node: str, hands: RemoteHands, stream: Stream) -> None:
        self._node = node
        self._hands = hands
        self._stream = stream
        self._taken = 0
        self._given = 0

    async def take(self) -> Heard:
        """Frames that are new; none after a while, or when the agent has ended."""
        heard = await self._surely(partial(self._hands.receive, self._stream, self._taken))
        self._taken = heard.count
        return heard

    async def give(self, frames: Sequence[bytes]) -> None:
        """Give the agent frames."""
        await self._surely(partial(self._hands.send, self._stream, self._given, frames))
        self._given += len(frames)

    async def _surely(self, call: Callable[[], Awaitable[_T]]) -> _T:
        is_told = False
        while True:
            try:
                return await call()
            except HandsUnreachable as error:
                if not is_told:
                    _log.warning("Node %s cannot be reached. %s", self._node, error)
                is_told = True
                await asyncio.sleep(_AGAIN_SECONDS)
