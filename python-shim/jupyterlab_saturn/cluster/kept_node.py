"""A far node that has hands as long as it is there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..agent.backoff import RestartPause
from ..agent.shared_folder_proof import SharedFolderProof
from ..errors import SaturnError, failure_of
from ..files.session_store import SessionStore
from ..paths import SessionPaths
from .file_carrier import FileCarrier
from .node_line import NodeLine, node_gone
from .transport import (
    ClusterNode,
    HandsGone,
    HandsOrder,
    HandsUnreachable,
    RemoteHands,
    Transport,
)

if TYPE_CHECKING:
    from ..generated.wire_types import BridgeNode, Failure

_log = logging.getLogger(__name__)

_LASTING = frozenset({"other-versions", "wrong-user", "no-shared-folder"})
"""What does not become right by itself soon: it is tried again after the longest pause."""


class KeptNode:
    """Makes hands on a node, and makes them again when they are lost and the node is not.

    Parameters
    ----------
    order
        What hands are to do there.
    endpoint
        Address of the engine's socket.
    changed
        Told when `error` is another.
    first_pause
        Seconds before hands are made again; twice as long each further time.

    Attributes
    ----------
    error
        Why nobody works there; None while somebody does, or is about to for the first time.
    settled
        Set once either is known.
    """

    def __init__(
        self,
        transport: Transport,
        node: ClusterNode,
        order: HandsOrder,
        endpoint: str,
        *,
        changed: Callable[[], None],
        first_pause: float,
    ) -> None:
        self._transport = transport
        self._node = node
        self._order = order
        self._endpoint = endpoint
        self._changed = changed
        self._first_pause = first_pause
        self._hands: RemoteHands | None = None
        self._line: NodeLine | None = None
        self._carries = False
        self.error: Failure | None = None
        self.settled = asyncio.Event()
        self._work = asyncio.create_task(self._keep())

    @property
    def id(self) -> str:
        """Its id in the session."""
        return self._order.node

    @property
    def is_barred(self) -> bool:
        """Whether it cannot be worked with as it is."""
        return self.error is not None and self.error["code"] in _LASTING

    def report(self) -> BridgeNode:
        """As the wire tells it."""
        told: BridgeNode = {"id": self.id, "address": self._node.address}
        if self.error is not None:
            told["error"] = self.error
        elif self._carries:
            told["carries"] = True
        return told

    def lead_to(self, endpoint: str) -> None:
        """Have its line lead to another endpoint."""
        self._endpoint = endpoint
        if self._line is not None:
            self._line.lead_to(endpoint)

    async def leave(self) -> None:
        """The cluster says that it is gone."""
        hands = self._hands
        await self._stop(node_gone(HandsGone("The cluster has lost it.")))
        if hands is not None:  # where it is wrong
            await hands.end()

    async def end(self) -> None:
        """End what is there."""
        hands = self._hands
        await self._stop(None)
        if hands is not None:
            await hands.end()

    async def _stop(self, failure: Failure | None) -> None:
        line = self._line
        self._work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._work
        if line is not None and failure is not None:
            line.say_gone(failure)
        if line is not None:
            line.close()

    async def _keep(self) -> None:
        pause = RestartPause(self._first_pause)
        while True:
            begun = time.monotonic()
            failure = await self._live()
            lived = time.monotonic() - begun
            _log.warning("Nobody works on node %s: %s", self.id, failure["message"])
            self._settle(failure)
            await asyncio.sleep(pause.after(lived, is_lasting=self.is_barred))

    async def _live(self) -> Failure:
        """The life of one pair of hands; why it ended."""
        try:
            self._hands = await self._transport.hands(self._node)
            failure = await self._start(self._hands)
            if failure is None:
                self._line = NodeLine(self.id, self._hands, self._endpoint, heard=self._settle)
                async with self._carrying(self._hands):
                    failure = await self._line.run()
                self._line.close()
                self._line = None
        except SaturnError as error:
            failure = error.to_json()
        except (HandsGone, HandsUnreachable) as error:
            failure = node_gone(error)
        except Exception as error:
            _log.exception("Something is wrong with node %s.", self.id)
            failure = failure_of(error)
        if self._hands is not None:
            await self._hands.end()
            self._hands = None
        return failure

    async def _start(self, hands: RemoteHands) -> Failure | None:
        """Have hands begin, and find out whether they have the session's folder."""
        paths = SessionPaths.of_folder(self._order.folder, node=self.id)
        with SharedFolderProof(paths) as proof:
            begun = await hands.start(replace(self._order, proof=proof.name))
            self._carries = begun.carries
            if begun.failure is None and not begun.carries:
                answer = await asyncio.to_thread(proof.check)
                if not answer["locks"]:
                    _log.info("Locks on files do not hold between this node and %s.", self.id)
        return begun.failure

    @contextlib.asynccontextmanager
    async def _carrying(self, hands: RemoteHands) -> AsyncIterator[None]:
        """Carry files meanwhile, where the node does not have the session's folder."""
        if not self._carries:
            yield
            return
        store = SessionStore(SessionPaths.of_folder(self._order.folder), self.id)
        carrying = asyncio.create_task(FileCarrier(self.id, hands, store).run())
        try:
            yield
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)

    def _settle(self, error: Failure | None = None) -> None:
        self.error = error
        self.settled.set()
        self._changed()
