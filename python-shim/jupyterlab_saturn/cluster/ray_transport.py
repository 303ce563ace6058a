"""A Ray cluster: hands are actors, one a node."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import SaturnError
from ..patience import patience
from . import node_look
from .hands import Hands, valid_failure
from .node_look import NodeLook, look
from .packed_call import packed, unpacked
from .ray_access import admitted
from .ray_reservation import RayReservation
from .transport import (
    Begun,
    ClusterNode,
    HandsGone,
    HandsOrder,
    HandsUnreachable,
    Stream,
    StreamReply,
    StreamRequest,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..generated.wire_types import RayRequest

_log = logging.getLogger(__name__)

_NAMESPACE = "saturn"
_CALLS = 16
_JOIN_SECONDS = 60.0
_START_SECONDS = 90.0
_END_SECONDS = 12.0
_T = TypeVar("_T")


class RayTransport:
    """Joins a Ray cluster as a driver: Ray must run on this machine, as a node of it.

    Ray ends this process when the cluster's head is away for a minute.

    Parameters
    ----------
    folder
        The session's folder: sessions are told apart by it.
    """

    def __init__(self, request: RayRequest, folder: str) -> None:
        self._request = request
        self._session = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        self._joined = False

    async def connect(self) -> str:
        """Join the cluster; its address.

        Raises
        ------
        SaturnError
            As `admitted`; ``other-versions``, ``no-such-cluster``.
        """
        address = await admitted(self._request)
        seconds = patience(_JOIN_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.to_thread(_join, address)
        except TimeoutError as error:
            raise SaturnError(
                "no-such-cluster",
                f"Ray on this machine did not let the session in within {seconds:.0f} "
                f"seconds, although the cluster at {address} answers.",
                "See the logs of Ray on this machine, and start it anew.",
            ) from error
        self._joined = True
        return address

    async def nodes(self) -> list[ClusterNode]:
        """The nodes that Ray takes for alive."""
        import ray

        try:
            own = ray.get_runtime_context().get_node_id()
            known = await asyncio.to_thread(ray.nodes)
        except Exception as error:
            raise HandsUnreachable(str(error)) from error
        return [
            ClusterNode(
                key=node["NodeID"],
                host=node["NodeManagerHostname"],
                address=node["NodeManagerAddress"],
                is_own=node["NodeID"] == own,
                capacity={name: node["Resources"].get(name, 0.0) for name in ("CPU", "GPU")},
            )
            for node in known
            if node["Alive"]
        ]

    async def hands(self, node: ClusterNode, kind: type[Hands] = Hands) -> RayHands:
        """An actor on a node, of this session and process; `kind` is what it is made of."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node.key, soft=False)
        looked = ray.remote(look).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
        require_alike(node, await _answer(looked.remote(), patience(_START_SECONDS)))
        # It ends with this process, as does what it starts, and is not made again by Ray.
        hands = ray.remote(kind).options(
            name=f"saturn-{self._session}-{node.key}",
            namespace=_NAMESPACE,
            num_cpus=0,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=_CALLS,
            scheduling_strategy=there,
        )
        try:
            actor = hands.remote()
        except ValueError as error:  # those of before are ending
            raise HandsUnreachable("The hands of a bridge that is gone are still there.") from error
        return RayHands(actor)

    async def reserve(self, node: ClusterNode) -> RayReservation:
        """A placement group that takes all of a node."""
        return await RayReservation.ask(node)

    async def close(self) -> None:
        """Leave the cluster."""
        if self._joined:
            import ray

            await asyncio.to_thread(ray.shutdown)


class RayHands:
    """`Hands` in an actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def start(self, order: HandsOrder) -> Begun:
        begun: Begun = await _answer(self._actor.start.remote(order), patience(_START_SECONDS))
        valid_failure(begun.failure)
        return begun

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        call = packed([stream, told.round, told.first, told.taken], told.frames)
        answer: bytes = await _answer(self._actor.call.remote(call))
        (count, given, failure), frames = unpacked(answer)
        return StreamReply(count, given, frames, valid_failure(failure))

    async def end(self) -> None:
        import ray

        try:
            await _answer(self._actor.end.remote(), _END_SECONDS)
        except (HandsGone, HandsUnreachable):
            _log.info("Hands do not answer any more.")
        try:
            await asyncio.to_thread(ray.kill, self._actor)
        except Exception as error:  # the cluster is lost, and hands end with it
            _log.info("Hands cannot be ended. %s", error)


async def _answer(call: Awaitable[_T], seconds: float | None = None) -> _T:
    """What a call comes to, whose failure is told in our words."""
    from ray import exceptions

    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise HandsUnreachable("It does not answer.") from error
    except exceptions.ActorUnavailableError as error:
        raise HandsUnreachable(str(error)) from error
    except exceptions.RayError as error:
        raise HandsGone(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    """The first line of what Ray says; of an error in an actor the last, which tells it."""
    from ray.exceptions import RayTaskError

    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if isinstance(error, RayTaskError) else 0]


def _join(address: str) -> None:
    import ray
    from ray import cloudpickle, exceptions

    cloudpickle.register_pickle_by_value(node_look)
    try:
        ray.init(
            address=address,
            namespace=_NAMESPACE,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    except exceptions.AuthenticationError as error:
        raise SaturnError("bad-token", _sentence(error)) from error
    except ConnectionError as error:
        raise SaturnError(
            "no-such-cluster",
            f"Ray on this machine is no node of the cluster at {address}. {_sentence(error)}",
            f"Start it as one: ray start --address={address}",
        ) from error
    except RuntimeError as error:
        if "ersion" not in str(error):
            raise
        raise SaturnError("other-versions", str(error), _SAME) from error


_SAME = "Install the same Python, Ray and jupyterlab-saturn on all nodes of the cluster."


def require_alike(node: ClusterNode, found: NodeLook) -> None:
    """Raise SaturnError ``other-versions`` or ``wrong-user`` for a node unlike this one."""
    own = look()
    if found["package"] is None:
        raise SaturnError(
            "other-versions",
            f"jupyterlab-saturn is not installed on node {node.host}, in the Python that Ray runs "
            f"there (version {found['python']}).",
            f"Install it there: pip install jupyterlab-saturn=={own['package']}",
        )
    for name, theirs, ours in (
        ("jupyterlab-saturn", found["package"], own["package"]),
        ("Python", found["python"], own["python"]),
    ):
        if theirs != ours:
            raise SaturnError(
                "other-versions", f"Node {node.host} has {name} {theirs}, this one {ours}.", _SAME
            )
    if found["user"] != own["user"]:
        raise SaturnError(
            "wrong-user",
            f"Ray on node {node.host} runs as another user (id {found['user']}) than the session "
            f"(id {own['user']}), whose files only their owner may read.",
            "Start Ray on all nodes as the user that you are here.",
        )
