"""Nodes of a cluster that others look after: joined by a session, and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..wire import message
from .connection import Connection
from .device_request import device_request
from .waiting import wait

if TYPE_CHECKING:
    from ..generated.wire_types import BridgeRequest, RayRequest, SessionState


def bridge_request(
    ray: str,
    nodes: int | None = None,
    open: bool = False,
    cpu: int | None = None,
    gpu: int | bool | None = None,
    memory: str | int | None = None,
    reserve: bool = False,
) -> BridgeRequest:
    """The wire's ``BridgeRequest``.

    Raises
    ------
    SaturnError
        ``bad-address``, ``bad-nodes``; those of `device_request`.
    """
    address = ray.strip()
    if not address:
        raise SaturnError(
            "bad-address",
            "The Ray cluster has no address.",
            "Write auto, for the cluster of this machine, or HOST:PORT of its head.",
        )
    asked: RayRequest = {"address": address}
    if nodes is not None:
        if isinstance(nodes, bool) or not isinstance(nodes, int) or nodes < 1:
            raise SaturnError(
                "bad-nodes", f"{nodes!r} is no number of nodes.", "Say 1 or more, e.g. --nodes 2."
            )
        asked["nodes"] = nodes
    if open:
        asked["open"] = True
    if reserve:
        asked["reserve"] = True
    if any(value is not None for value in (cpu, gpu, memory)):
        asked["devices"] = device_request(cpu, gpu, memory)
    return {"ray": asked}


def join(connection: Connection, request: BridgeRequest) -> SessionState:
    """Join a cluster, and wait until that is done.

    Returns
    -------
    SessionState
        As it is with the nodes that were there.

    Raises
    ------
    SaturnError
        Why it cannot be joined: ``no-ray``, ``no-such-cluster``, ``open-cluster``, ``bad-token``,
        ``bad-address``, ``other-cluster``; or, when no other node can be worked with,
        ``other-versions``, ``wrong-user``, ``no-shared-folder``.
    """
    rev = connection.request(message("client", "cluster.join", request))["rev"]
    state = wait(connection, rev, _is_joined)
    bridge = state.get("bridge")
    if bridge is not None and bridge["state"] == "failed" and "error" in bridge:
        raise SaturnError.from_json(bridge["error"])
    return state


def leave(connection: Connection) -> None:
    """Go on with the session's own node alone, once what trains on others was saved."""
    rev = connection.request(message("client", "cluster.leave"))["rev"]
    wait(connection, rev, lambda state: "bridge" not in state)


def _is_joined(state: SessionState) -> bool:
    """Whether it is known what came of it: each node that can be worked with has said hello."""
    bridge = state.get("bridge")
    if bridge is None or bridge["state"] != "connected":
        return bridge is None or bridge["state"] == "failed"
    there = {node["id"] for node in state.get("nodes", []) if node["state"] == "connected"}
    return all(node["id"] in there or "error" in node for node in bridge["nodes"])
