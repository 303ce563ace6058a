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
        self._hands = hands
        self._stream = HandsStream(node, hands, "files")
        self._store = store
        self._room = asyncio.Semaphore(WINDOW)
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Carry until the agent, its hands or the node are gone.

        Where it is wrong itself, it ends the hands: an agent waits for its files as long as it
        lives.
        """
        try:
            await self._take()
        except HandsGone as error:
            _log.info("Files of node %s are carried no more. %s", self._node, error)
        except Exception:
            _log.exception("Something is wrong with the files of node %s.", self._node)
            await self._hands.end()
        finally:
            self._stream.close()
            # Threads go on to the end of what they do: only then all is closed.
            await asyncio.gather(*self._answering, return_exceptions=True)
            await asyncio.to_thread(self._store.close)

    async def _take(self) -> None:
        while (heard := await self._stream.take()).failure is None:
            for frame in heard.frames:
                await self._room.acquire()
                answering = asyncio.create_task(self._answer(frame))
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)

    async def _answer(self, frame: bytes) -> None:
        try:
            self._stream.give([await self._store.answer(frame)])
        finally:
            self._room.release()
