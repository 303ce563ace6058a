"""A cluster of this process alone: hands are made here, whatever node they are for."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from jupyterlab_saturn.cluster.bridge import Bridge
from jupyterlab_saturn.cluster.hands import Hands
from jupyterlab_saturn.cluster.transport import (
    ClusterNode,
    HandsGone,
    HandsOrder,
    HandsUnreachable,
    RemoteHands,
    Stream,
    StreamReply,
    StreamRequest,
)
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint

from fakes.bench import HERE, PYTHON, Json

OWN = ClusterNode("0" * 8, "host", "10.0.0.1", True)


def far(number: int, host: str = "host") -> ClusterNode:
    """Another node; all have the name of this one's host unless told otherwise."""
    return ClusterNode(f"{number}" * 8, host, f"10.0.0.{number}", False)


def agent_command(order: HandsOrder) -> list[str]:
    return [PYTHON, str(HERE / "far_agent_main.py"), "ready", order.node, order.folder]


def echo_command(order: HandsOrder) -> list[str]:
    return [PYTHON, str(HERE / "echo_agent.py"), order.node, order.folder]


class LocalHands:
    """Hands whose calls may fail, as the cluster says."""

    def __init__(self, cluster: LocalCluster, node: ClusterNode) -> None:
        self._cluster = cluster
        self._node = node
        self._hands = Hands(cluster.command, lambda: os.environ)
        self._calls = 0

    async def start(self, order: HandsOrder) -> Any:
        return await self._hands.start(replace(order, **self._cluster.changes))

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        return await self._call(self._hands.swap(stream, told))

    async def end(self) -> None:
        await self._hands.end()

    async def _call(self, call: Coroutine[Any, Any, StreamReply]) -> StreamReply:
        if self._node not in self._cluster.there:
            call.close()
            raise HandsGone("it was taken away.")
        if self._cluster.breaks:
            call.close()
            raise self._cluster.breaks.pop()
        answer = await call
        self._calls += 1
        if self._cluster.unreliable and self._calls % 3 != 0:
            raise HandsUnreachable("The answer got lost.")
        return answer


class LocalReservation:
    """A node, once nobody else has it."""

    def __init__(self, cluster: LocalCluster, key: str) -> None:
        self._cluster = cluster
        self._key = key

    async def is_granted(self) -> bool:
        if self._key not in self._cluster.taken:
            self._cluster.reserved.add(self._key)
        return self._key in self._cluster.reserved

    async def give_back(self) -> None:
        self._cluster.reserved.discard(self._key)


class LocalCluster:
    """A `Transport`.

    Attributes
    ----------
    there
        Its nodes now.
    command
        What is run as an agent.
    unreliable
        Whether of three calls for frames two are carried out without an answer.
    changes
        What hands are told otherwise than they should be.
    refusal
        Why nobody can have hands.
    breaks
        What the next calls of hands raise instead of doing something.
    taken, reserved
        Keys of nodes that others have, and that are kept from them.
    """

    def __init__(
        self,
        *there: ClusterNode,
        command: Callable[[HandsOrder], Sequence[str]] = agent_command,
    ) -> None:
        self.there = list(there)
        self.command = command
        self.unreliable = False
        self.changes: Json = {}
        self.refusal: SaturnError | None = None
        self.breaks: list[Exception] = []
        self.taken: set[str] = set()
        self.reserved: set[str] = set()

    async def connect(self) -> str:
        return "here:1"

    async def nodes(self) -> list[ClusterNode]:
        return list(self.there)

    async def hands(self, node: ClusterNode) -> RemoteHands:
        if self.refusal is not None:
            raise self.refusal
        return LocalHands(self, node)

    async def reserve(self, node: ClusterNode) -> LocalReservation:
        return LocalReservation(self, node.key)

    async def close(self) -> None:
        pass


@dataclass
class RunningBridge:
    """A bridge in a thread of its own, with what it has reported since it was up, and before."""

    reports: list[Json]
    early: list[Json]
    errors: list[BaseException]
    reserve: Callable[[bool], None]


@contextmanager
def bridge(
    cluster: LocalCluster, paths: SessionPaths, request: Json | None = None
) -> Iterator[RunningBridge]:
    """A bridge to a cluster, ended at the end."""
    loop = asyncio.new_event_loop()
    made: list[asyncio.Task[None]] = []
    bridges: list[Bridge] = []
    running = RunningBridge(
        [], [], [], lambda wanted: _in(loop, lambda: bridges[0].reserve(wanted))
    )

    def report(told: Any) -> None:
        (running.reports if told["state"] == "connected" else running.early).append(told)

    async def work() -> None:
        one = Bridge(
            cluster,
            paths,
            {"address": "here:1", **(request or {})},
            own="host",
            endpoint=engine_endpoint(paths.runtime),
            report=report,
            first_pause=0.1,
        )
        bridges.append(one)
        made.append(asyncio.create_task(one.run()))
        try:
            await made[0]
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            running.errors.append(error)

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()))
    thread.start()
    try:
        yield running
    finally:
        _in(loop, lambda: made[0].cancel())
        thread.join(60)
        assert not thread.is_alive()
        loop.close()


def _in(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(act)
