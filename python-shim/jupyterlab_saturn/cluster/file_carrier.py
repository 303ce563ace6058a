"""The session's end of the line on which a node asks for files, and gives them."""

from __future__ import annotations

import asyncio
import logging

from ..files.frames import WINDOW
from ..files.session_store import SessionStore
from .hands_stream import HandsStream
from .transport import HandsGone, RemoteHands

_log = logging.getLogger(__name__)


class FileCarrier:
    """Carries what the agent of a node asks of files to the session's store, and the answers back.

    Of both no more is on the way than the agent asks for at once.

    Parameters
    ----------
    node
        Id of the node in the session.
    """

    def __init__(self, node: str, hands: RemoteHands, store: SessionStore) -> None:
        self._node = node
        self._stream = HandsStream(node, hands, "files")
        self._store = store
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = asyncio.Semaphore(WINDOW)
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Carry until the agent, its hands or the node are gone."""
        giving = asyncio.create_task(self._give())
        try:
            while (heard := await self._stream.take()).failure is None:
                for frame in heard.frames:
                    await self._room.acquire()
                    answering = asyncio.create_task(self._answer(frame))
                    self._answering.add(answering)
                    answering.add_done_callback(self._answering.discard)
        except HandsGone as error:
            _log.info("Files of node %s are carried no more. %s", self._node, error)
        finally:
            giving.cancel()
            # Threads go on to the end of what they do: only then all is closed.
            await asyncio.gather(giving, *self._answering, return_exceptions=True)
            await asyncio.to_thread(self._store.close)

    async def _answer(self, frame: bytes) -> None:
        try:
            self._answers.put_nowait(await self._store.answer(frame))
        finally:
            self._room.release()

    async def _give(self) -> None:
        while True:
            frames = [await self._answers.get()]
            while not self._answers.empty():
                frames.append(self._answers.get_nowait())
            await self._stream.give(frames)
