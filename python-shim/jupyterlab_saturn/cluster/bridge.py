"""The bridge: keeps hands on the nodes of a cluster, and their lines to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ..errors import SaturnError
from ..paths import SessionPaths
from .kept_node import KeptNode
from .reservations import Reservations
from .transport import ClusterNode, HandsOrder, HandsUnreachable, Transport

if TYPE_CHECKING:
    from ..generated.wire_types import BridgeNode, BridgeReport, RayRequest

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0
_FIRST_SECONDS = 120.0
_FIRST_PAUSE = 1.0
_KEY_LETTERS = 6


class Bridge:
    """Has an agent on each node of a cluster but this one, and carries what it says.

    Parameters
    ----------
    own
        Id of this node in the session.
    endpoint
        Address of the engine's socket.
    report
        Told how the bridge is, whenever that changes.
    first_pause
        Seconds before hands that were lost are made again; twice as long each further time.
    """

    def __init__(
        self,
        transport: Transport,
        paths: SessionPaths,
        request: RayRequest,
        *,
        own: str,
        endpoint: str,
        report: Callable[[BridgeReport], None],
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._transport = transport
        self._paths = paths
        self._request = request
        self._own = own
        self._endpoint = endpoint
        self._report = report
        self._first_pause = first_pause
        self._kept: dict[str, KeptNode] = {}
        self._reservations: Reservations | None = None
        self._wants_nodes = False
        self._address = ""
        self._reported: BridgeReport | None = None

    def lead_to(self, endpoint: str) -> None:
        """Have lines lead to another endpoint, those there are and those to come."""
        self._endpoint = endpoint
        for kept in self._kept.values():
            kept.lead_to(endpoint)

    def reserve(self, wanted: bool) -> None:
        """There is work for the nodes, or none: where the request says so, they are reserved."""
        self._wants_nodes = wanted
        if self._reservations is not None:
            self._reservations.want(wanted)

    async def run(self) -> None:
        """Join the cluster and look after its nodes. Cancelled, it ends what it has there.

        Raises
        ------
        SaturnError
            Why it cannot be joined; or the error of the nodes, when there are some beside this
            one, and none of them can be worked with.
        """
        try:
            self._address = await self._transport.connect()
            if self._request.get("reserve"):
                self._reservations = Reservations(self._transport, self._changed)
                self._reservations.want(self._wants_nodes)
            await self._look()
            self._tell("starting")
            await self._await_first()
            while True:
                self._tell()
                await asyncio.sleep(_LOOK_SECONDS)
                await self._look()
        finally:
            if self._reservations is not None:
                await self._reservations.end()
            await asyncio.gather(*(kept.end() for kept in self._kept.values()))
            await self._transport.close()

    async def _look(self) -> None:
        """Begin with nodes that have come, and end with those that are gone."""
        try:
            nodes = await self._transport.nodes()
        except HandsUnreachable as error:
            _log.warning("The cluster does not say which nodes there are. %s", error)
            return
        far = {node.key: node for node in nodes if not node.is_own}
        gone = [self._kept.pop(key) for key in self._kept.keys() - far.keys()]
        # At once: each may take a while, and the engine waits for the word on the others.
        await asyncio.gather(*(kept.leave() for kept in gone))
        for node in far.values():
            if node.key not in self._kept and self._has_room():
                self._begin(node)
        if self._reservations is not None:
            # The own node as well: others are to leave it alone, too.
            self._reservations.follow(
                node for node in nodes if node.is_own or node.key in self._kept
            )

    def _has_room(self) -> bool:
        most = self._request.get("nodes")
        # A node that cannot be worked with takes no other's place.
        return most is None or sum(not kept.is_barred for kept in self._kept.values()) + 1 < most

    def _begin(self, node: ClusterNode) -> None:
        order = HandsOrder(
            folder=str(self._paths.folder),
            node=self._id_of(node),
            address=node.address,
            proof="",  # told when hands begin
            devices=self._request.get("devices"),
        )
        self._kept[node.key] = KeptNode(
            self._transport,
            node,
            order,
            self._endpoint,
            changed=self._changed,
            first_pause=self._first_pause,
        )

    def _id_of(self, node: ClusterNode) -> str:
        """Its host's name; with a part of what the cluster calls it when another has that."""
        host = re.sub(r"[^A-Za-z0-9._-]", "-", node.host).lstrip("._-")[:48] or "node"
        taken = {self._own, *(kept.id for kept in self._kept.values())}
        return f"{host}-{node.key[:_KEY_LETTERS]}" if host in taken else host

    async def _await_first(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_SECONDS):
                known = -1
                while known < len(self._kept):
                    known = len(self._kept)
                    await asyncio.gather(*(kept.settled.wait() for kept in self._kept.values()))
                    await self._look()
        errors = [kept.error for kept in self._kept.values() if kept.error is not None]
        if errors and len(errors) == len(self._kept):
            raise SaturnError.from_json(errors[0])

    def _report_of(self, key: str, kept: KeptNode) -> BridgeNode:
        told = kept.report()
        granted = None if self._reservations is None else self._reservations.granted(key)
        if granted is not None:
            told["reserved"] = granted
        return told

    def _changed(self) -> None:
        if self._reported is not None and self._reported["state"] == "connected":
            self._tell()

    def _tell(self, state: Literal["starting", "connected"] = "connected") -> None:
        nodes = [self._report_of(key, kept) for key, kept in self._kept.items()]
        told: BridgeReport = {"state": state, "address": self._address, "nodes": nodes}
        if told != self._reported:
            self._reported = told
            self._report(told)
