"""Nodes that the cluster keeps from its other users, for as long as the session has work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .transport import ClusterNode, HandsUnreachable, NodeReservation, Transport

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 3.0
_IDLE_SECONDS = 60.0


@dataclass
class _Asked:
    """A reservation that is, or is to be, a node's."""

    reservation: NodeReservation
    since: float
    granted: bool | None = None


class Reservations:
    """Asks for nodes when they are wanted, and gives them back some time after they are not.

    Parameters
    ----------
    changed
        Called when `granted` says another thing of some node.
    idle_seconds
        How long nodes are kept that are not wanted any more.
    """

    def __init__(
        self,
        transport: Transport,
        changed: Callable[[], None],
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._transport = transport
        self._changed = changed
        self._idle_seconds = idle_seconds
        self._nodes: dict[str, ClusterNode] = {}
        self._asked: dict[str, _Asked] = {}
        self._wanted = False
        self._unwanted_since = 0.0
        self._work = asyncio.create_task(self._keep())

    def want(self, wanted: bool) -> None:
        """There is work, or there is none."""
        if self._wanted and not wanted:
            self._unwanted_since = time.monotonic()
        self._wanted = wanted

    def follow(self, nodes: Iterable[ClusterNode]) -> None:
        """These are the nodes that the session has now."""
        self._nodes = {node.key: node for node in nodes}

    def granted(self, key: str) -> bool | None:
        """Whether a node is the session's; None while nobody knows, or it is not wanted."""
        asked = self._asked.get(key)
        return None if asked is None else asked.granted

    async def end(self) -> None:
        """Give back what there is."""
        self._work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._work
        for key in list(self._asked):
            await self._give_back(key)

    async def _keep(self) -> None:
        while True:
            before = {key: self.granted(key) for key in self._nodes}
            with contextlib.suppress(HandsUnreachable):  # looked at again
                await self._look()
            if before != {key: self.granted(key) for key in self._nodes}:
                self._changed()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        for key in self._asked.keys() - self._nodes.keys():
            await self._give_back(key)
        if self._wanted:
            for key in self._nodes.keys() - self._asked.keys():
                reservation = await self._transport.reserve(self._nodes[key])
                self._asked[key] = _Asked(reservation, time.monotonic())
        elif time.monotonic() - self._unwanted_since >= self._idle_seconds:
            for key in list(self._asked):
                await self._give_back(key)
        for asked in self._asked.values():
            if await asked.reservation.is_granted():
                asked.granted = True
            elif asked.granted or time.monotonic() - asked.since >= _PATIENCE_SECONDS:
                asked.granted = False

    async def _give_back(self, key: str) -> None:
        with contextlib.suppress(HandsUnreachable):  # it ends with this process, at the latest
            await self._asked[key].reservation.give_back()
        del self._asked[key]
